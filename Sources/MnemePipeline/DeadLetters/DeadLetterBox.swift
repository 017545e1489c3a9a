public import EventLog
public import MnemeCore

/// Lists dead letters and acts on them.
public struct DeadLetterBox: Sendable {
  private let log: any EventLog
  private let now: @Sendable () -> Timestamp

  /// The dead letters of `log`.
  public init(log: any EventLog, now: @escaping @Sendable () -> Timestamp) {
    self.log = log
    self.now = now
  }

  /// Dead letters that nobody has decided about, in order of partition and position.
  public func open() async throws -> [DeadLetter] {
    var open: [DeadLetter] = []
    for (partition, bounds) in try await log.bounds(of: Topics.deadLetters).enumerated() {
      var letters: [String: DeadLetter] = [:]
      var order: [String] = []
      var offset = bounds.earliest
      while offset < bounds.end {
        let records = try await log.read(
          TopicPartition(Topics.deadLetters, partition), from: offset, limit: ReadLimit())
        guard let last = records.last else { break }
        for record in records {
          if let letter = DeadLetter(parked: record) {
            if letters.updateValue(letter, forKey: letter.id) == nil { order.append(letter.id) }
          } else if let closed = Self.closed(record) {
            letters[closed] = nil
          }
        }
        offset = last.position.offset + 1
      }
      open += order.compactMap { letters.removeValue(forKey: $0) }
    }
    return open
  }

  /// Puts the originals back to where they came from, and closes the dead letters, each together or not at all.
  /// Abridged ones come last, one by one, as each may be refused.
  /// - Throws: `EventLogError`; `DeadLetterError` where the original of an abridged one is gone. Letters that were not
  ///   reached stay open.
  public func redrive(_ letters: [DeadLetter]) async throws {
    try await close(letters.filter { !$0.isAbridged }, as: .redriven) { letter in
      letter.originalRecord.map { [$0] } ?? []
    }
    for letter in letters where letter.isAbridged {
      let original = letter.originalRecord(try await held(letter))
      try await close([letter], as: .redriven) { _ in [original] }
    }
  }

  /// Gives the originals up. They stay in their topic.
  public func drop(_ letters: [DeadLetter]) async throws {
    try await close(letters, as: .dropped) { _ in [] }
  }

  /// The original of an abridged dead letter, where its topic still holds it.
  private func held(_ letter: DeadLetter) async throws -> LogRecord {
    let position = letter.original
    do {
      let records = try await log.read(
        position.topicPartition, from: position.offset, limit: ReadLimit(maxRecordCount: 1))
      if let record = records.first, record.position == position { return record }
    } catch let error as EventLogError where error.code == .offsetOutOfRange || error.code == .unknownTopic {
      // Gone, as below.
    }
    throw DeadLetterError(
      "the original of dead letter \(letter.id) is gone from \(position.topicPartition); have its publisher send it "
        + "again in smaller turns, and drop the letter")
  }

  /// Most dead letters that are closed in one append.
  public static let maxBatchCount = 100

  private func close(
    _ letters: [DeadLetter], as decision: DeadLetterClosed.Decision, appending: (DeadLetter) -> [NewRecord]
  ) async throws {
    var rest = letters[...]
    while !rest.isEmpty {
      let batch = rest.prefix(Self.maxBatchCount)
      rest = rest.dropFirst(batch.count)
      _ = try await log.append(batch.flatMap { appending($0) + [closing($0, as: decision)] })
    }
  }

  private func closing(_ letter: DeadLetter, as decision: DeadLetterClosed.Decision) -> NewRecord {
    NewRecord(
      topic: Topics.deadLetters, key: letter.key,
      value: EventBodyCoding.encode(DeadLetterClosed(deadLetterID: letter.id, decision: decision)),
      headers: [
        LogHeader("ce_specversion", "1.0"), LogHeader("ce_id", Derivation.uuid("closed", letter.id).text),
        LogHeader("ce_type", EventType.deadLetterClosed.rawValue), LogHeader("ce_source", "/mneme/deadletters"),
        LogHeader("ce_time", now().description), LogHeader("content-type", EventRecordCodec.contentType),
      ],
      partition: letter.original.topicPartition.partition)
  }

  private static func closed(_ record: LogRecord) -> String? {
    guard record.header("ce_type") == EventType.deadLetterClosed.rawValue else { return nil }
    return try? EventBodyCoding.decode(DeadLetterClosed.self, from: record.value).deadLetterID
  }
}

/// Why a dead letter cannot be decided about as asked. Its text holds no user data.
public struct DeadLetterError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What happened, to which letter, and what to do next.
  public let description: String
  /// What is gone stays gone: never.
  public var isRetriable: Bool { false }

  init(_ description: String) {
    self.description = description
  }
}

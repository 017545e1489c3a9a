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
  public func redrive(_ letters: [DeadLetter]) async throws {
    try await close(letters, as: .redriven) { [$0.originalRecord] }
  }

  /// Gives the originals up. They stay in their topic.
  public func drop(_ letters: [DeadLetter]) async throws {
    try await close(letters, as: .dropped) { _ in [] }
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

public import EventLog
public import MnemeCore

/// The facts that a generation takes from its parent as they are: those of turns that its selection leaves out.
///
/// Turns and facts of a partition stand in the same order, so that both are read once, side by side.
public actor ParentFacts {
  private struct Cursor {
    var next: Int64
    /// Facts that were read and not asked for yet, by the turn's offset.
    var waiting: [(turn: Int64, event: CloudEvent)] = []
    /// The highest turn that was asked for.
    var asked: Int64 = -1
  }

  private let selection: ReplaySelection
  private let topic: String
  private let log: any EventLog
  private let codec: EventRecordCodec
  private var cursors: [Int: Cursor] = [:]

  private static let readLimit = ReadLimit(maxRecordCount: 200)

  /// The facts on `topic` of turns that are not in `selection`.
  public init(selection: ReplaySelection, topic: String, log: any EventLog, codec: EventRecordCodec) {
    self.selection = selection
    self.topic = topic
    self.log = log
    self.codec = codec
  }

  /// The parent's word about the turn of `event` at `position`: its facts, or that it was parked. nil where the turn is
  /// selected, or the parent has no word about it.
  /// - Throws: `EventLogError`.
  func facts(of event: CloudEvent, at position: LogPosition) async throws -> CloudEvent? {
    guard !selection.contains(event.owner, receivedAt: event.time) else { return nil }
    let partition = position.topicPartition.partition
    var cursor: Cursor
    if let found = cursors[partition], found.asked <= position.offset {
      cursor = found
    } else {
      // The first time, or work that was given up is done again: from the beginning.
      cursor = Cursor(next: try await log.bounds(of: topic)[partition].earliest)
    }
    cursor.asked = position.offset
    cursor.waiting.removeAll { $0.turn < position.offset }
    while cursor.waiting.isEmpty {
      let records = try await log.read(TopicPartition(topic, partition), from: cursor.next, limit: Self.readLimit)
      guard let last = records.last else { break }
      cursor.next = last.position.offset + 1
      cursor.waiting = records.compactMap { record in
        Self.word(record, codec).flatMap { $0.turn >= position.offset ? $0 : nil }
      }
    }
    cursors[partition] = cursor
    return cursor.waiting.first { $0.turn == position.offset && $0.event.owner == event.owner }?.event
  }

  /// The word about a turn in a facts record, and the turn's offset; nil for a command, or where it cannot be read.
  private static func word(_ record: LogRecord, _ codec: EventRecordCodec) -> (turn: Int64, event: CloudEvent)? {
    guard let (event, type) = try? Upcasting.lift(codec.decode(record)) else { return nil }
    switch type {
    case .factsExtracted:
      let body = try? EventBodyCoding.decode(FactsExtracted.self, from: event.data)
      return body.map { ($0.input.offset, event) }
    case .turnParked:
      let body = try? EventBodyCoding.decode(TurnParked.self, from: event.data)
      return body.map { ($0.input.offset, event) }
    case .turnRecorded, .memoryEditRequested, .memoryDeletionRequested, .memoriesDeletionRequested,
      .memoryFeedbackGiven, .memoriesResolved, .memoriesEmbedded, .recordParked, .deadLetterClosed, .generationCreated,
      .generationFilled, .generationPromoted, .generationRolledBack, .generationDropped, .generationExtractionChanged,
      .projectChanged, .webhookTriggered, .webhookAttempted:
      return nil
    }
  }
}

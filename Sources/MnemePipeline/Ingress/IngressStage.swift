public import EventLog
public import MnemeCore

/// Takes in what outside publishers put on `mneme.ingress` in plaintext: checks each record, and moves it, keyed by its
/// owner and sealed, to `mneme.turns`. Keeps no state: one record in, one record out.
///
/// Publishers may say turns only; edits and deletions come through the HTTP API, where callers show who they are. The
/// event id stays the publisher's, so that a second record with the same id changes nothing. Of the attributes, id,
/// source and time go along; further ones would stand unsealed for ever, and are left behind.
public struct IngressStage: Stage {
  /// What is taken in.
  public struct Bounds: Sendable {
    /// Records that are moved and committed together, at most.
    public var maxBatchRecordCount: Int
    /// Largest record, in bytes of key, value and headers; not more than the log takes.
    public var maxRecordByteCount: Int
    /// Most messages of one turn.
    public var maxMessageCount: Int
    /// Largest content of one message, in bytes.
    public var maxMessageByteCount: Int
    /// Longest instructions for the extractor, in characters.
    public var maxInstructionLength: Int

    /// Bounds with all their parts; the defaults are those of HTTP, and of a Kafka broker for the record.
    public init(
      maxBatchRecordCount: Int = 256, maxRecordByteCount: Int = 1_000_000, maxMessageCount: Int = 1000,
      maxMessageByteCount: Int = 1 << 20, maxInstructionLength: Int = 10_000
    ) {
      self.maxBatchRecordCount = maxBatchRecordCount
      self.maxRecordByteCount = maxRecordByteCount
      self.maxMessageCount = maxMessageCount
      self.maxMessageByteCount = maxMessageByteCount
      self.maxInstructionLength = maxInstructionLength
    }
  }

  /// `mneme.ingress`, as the one consumer of its topic.
  public static let groupName = "mneme.ingress"

  /// `ingress`.
  public let name = "ingress"
  /// `mneme.ingress`.
  public let group = Self.groupName
  /// `mneme.ingress`.
  public let topic = Topics.ingress
  /// As the bounds have it.
  public var maxBatchRecordCount: Int { bounds.maxBatchRecordCount }

  private let codec: EventRecordCodec
  private let environment: PipelineEnvironment
  private let bounds: Bounds

  /// The stage that seals with `codec`.
  public init(codec: EventRecordCodec, environment: PipelineEnvironment, bounds: Bounds = Bounds()) {
    self.codec = codec
    self.environment = environment
    self.bounds = bounds
  }

  /// Nothing is held.
  public func didCommit(_ partition: Int) async {}
  /// Nothing is held.
  public func reset(_ partition: Int) async {}

  /// One turn or one dead letter for each record, in order.
  /// - Throws: what the sealer throws, which may pass.
  public func process(_ records: [LogRecord], of partition: Int) async throws -> [NewRecord] {
    try records.map { record in
      do {
        let event = try self.event(of: record)
        let moved = try self.codec.encode(event, topic: Topics.turns)
        guard moved.byteCount <= self.bounds.maxRecordByteCount else { throw self.tooLarge(moved.byteCount) }
        return moved
      } catch let refusal as IngressRefusal {
        return self.parked(record, refusal)
      }
    }
  }

  /// The dead letter of `record`.
  public func park(_ record: LogRecord, of partition: Int, for reason: ParkingReason) async throws -> [NewRecord] {
    [DeadLetter(record, reason: reason, at: environment.now()).record]
  }

  // MARK: Reading

  /// - Throws: `IngressRefusal` only.
  private func event(of record: LogRecord) throws -> CloudEvent {
    guard record.byteCount <= self.bounds.maxRecordByteCount else { throw self.tooLarge(record.byteCount) }
    let envelope = try IngressEnvelope(record, now: self.environment.now())
    do {
      let body = try Self.newest(envelope, record.value)
      let (turn, owner) = try IngressTurn.read(body, bounds: self.bounds)
      let key = OwnerKey(tenant: envelope.tenant, owner: owner)
      try Self.check(record.key, agreesWith: key)
      // Written anew, so that nothing stands in the log that was not checked.
      return CloudEvent(
        id: envelope.id, type: EventType.turnRecorded.rawValue, source: envelope.source, time: envelope.time,
        owner: key, data: EventBodyCoding.encode(turn))
    } catch let error as EventDecodingError {
      throw IngressRefusal(error)
    } catch let refusal as IngressRefusal {
      throw refusal
    } catch {
      throw IngressRefusal(.malformedBody, "the body cannot be read")
    }
  }

  /// The body of a turn in the newest version.
  private static func newest(_ envelope: IngressEnvelope, _ value: [UInt8]) throws -> [UInt8] {
    // Its owner stands in the body, which is not read yet: lifting does not look at it.
    let placeholder = OwnerKey(tenant: envelope.tenant, owner: Owner(kind: .user, id: "unknown"))
    let (event, type) = try Upcasting.lift(
      CloudEvent(
        id: envelope.id, type: envelope.type, source: envelope.source, time: envelope.time, owner: placeholder,
        data: value))
    switch type {
    case .turnRecorded: return event.data
    case .memoryEditRequested, .memoryDeletionRequested, .memoriesDeletionRequested, .memoryFeedbackGiven:
      throw IngressRefusal(
        .unknownType, "type \"\(type.rawValue)\" is not taken from \(Topics.ingress); use the HTTP API")
    case .factsExtracted, .turnParked, .memoriesResolved, .memoriesEmbedded, .recordParked, .deadLetterClosed,
      .generationCreated, .generationFilled, .generationPromoted, .generationRolledBack, .generationDropped,
      .generationExtractionChanged, .projectChanged, .webhookTriggered, .webhookAttempted:
      throw IngressRefusal(.unknownType, "type \"\(type.rawValue)\" does not belong on \(Topics.ingress)")
    }
  }

  /// A key is the publisher's own, and only orders its records. But one that has the form of an owner's key and names
  /// another owner shows that either it or the body is wrong, and believing one of them could mix two owners.
  private static func check(_ key: [UInt8]?, agreesWith owner: OwnerKey) throws {
    guard let text = key.flatMap({ String(validating: $0, as: UTF8.self) }), let named = OwnerKey(text) else { return }
    guard named == owner else {
      throw IngressRefusal(
        .malformedKey, "the key names another owner than ce_tenant and the body's scope; send that one, or no key")
    }
  }

  // MARK: Parking

  private func tooLarge(_ byteCount: Int) -> IngressRefusal {
    .tooLarge("the record has \(byteCount) bytes, more than \(self.bounds.maxRecordByteCount); send several turns")
  }

  private func parked(_ record: LogRecord, _ refusal: IngressRefusal) -> NewRecord {
    let letter = DeadLetter(
      record,
      reason: ParkingReason(stage: "ingress", code: refusal.code, detail: refusal.description, attempts: 1),
      at: self.environment.now())
    let whole = letter.record
    guard whole.byteCount > self.bounds.maxRecordByteCount else { return whole }
    // A broker lets compressed records in that are too large to be written again: they must not stop the partition.
    var short = letter.abridged
    short.reason.detail += "; its bytes stand on \(Topics.ingress) alone, for as long as that keeps them"
    return short.record
  }
}

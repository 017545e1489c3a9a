import EventLog
import FoundationEssentials
import MnemeCore
import MnemeProjection
import ServiceLifecycle

/// What a write asks for: one event id, and for each owner or memory that it reaches one record.
struct Submission: Sendable {
  /// One record to be.
  struct Part: Sendable {
    /// What tells it from the other parts, whatever else is among them when the publisher tries again.
    let name: String
    let owner: OwnerKey
    let body: [UInt8]
  }

  /// The publisher's event id, or a fresh one.
  let id: String
  /// Whether the publisher chose it, so that the same one may come again.
  let isPublishers: Bool
  let type: EventType
  /// The one memory that it is about; nil where it is about more or none.
  let memoryID: UUID?
  /// At least one.
  let parts: [Part]

  /// A submission with all its parts.
  init(id: String?, type: EventType, memoryID: UUID? = nil, parts: [Part]) {
    precondition(!parts.isEmpty, "a submission has at least one part")
    self.id = id ?? UUID().text
    self.isPublishers = id != nil
    self.type = type
    self.memoryID = memoryID
    self.parts = parts
  }

  /// A submission of one record.
  init(id: String?, type: EventType, owner: OwnerKey, memoryID: UUID? = nil, body: some Encodable) {
    self.init(
      id: id, type: type, memoryID: memoryID,
      parts: [Part(name: "", owner: owner, body: EventBodyCoding.encode(body))])
  }

  /// The id of part `index`. The last one has the event's own: once that stands in the log, all do.
  func id(ofPart index: Int) -> String {
    index == self.parts.count - 1 ? self.id : EventParts.id(self.parts[index].name, of: self.id)
  }

  /// Whose the last part is.
  var owner: OwnerKey { self.parts[self.parts.count - 1].owner }
}

/// What became of a submission.
struct Receipt: Sendable {
  /// The event id.
  let id: String
  /// Whose its last record is; nil where it has none.
  let owner: OwnerKey?
  /// Where it stands in the log.
  let position: Position
  /// How it ended; nil while it is under way.
  let outcome: InputOutcome?
  /// Whether all its parts have been processed.
  let isProcessed: Bool
}

/// The id that a publisher gave an event.
enum EventID {
  /// Most characters.
  static let maxLength = 256

  /// The id in the body's `event_id` or in header `Idempotency-Key`; nil where neither is there.
  /// - Throws: `RequestFailure` where it is malformed, or the two differ.
  static func find(in members: Members?, header: String?) throws -> String? {
    let body = try members?.string("event_id", maxLength: maxLength, isName: true)
    let header = try Members(header.map { ["Idempotency-Key": .string($0)] } ?? [:], of: "header")
      .string("Idempotency-Key", maxLength: maxLength, isName: true)
    if let body, let header, body != header {
      throw RequestFailure.invalid("event_id and header Idempotency-Key differ; send one of them")
    }
    return body ?? header
  }
}

extension QueryAPI {
  /// Who appends here, as events name it.
  static let source = "/mneme/http"

  /// Appends the events of `submission`, unless they came before, and waits until they are processed if `waits`.
  /// - Throws: `RequestFailure` (`.forbidden`) where a part is of an owner whom the caller does not reach.
  func submit(_ submission: Submission, waits: Bool) async throws -> Receipt {
    for part in submission.parts { try self.reach.require(part.owner.owner) }
    let known =
      submission.isPublishers
      ? try await self.earlier(
        submission.id, submission.type, tenant: submission.owner.tenant, owner: submission.owner,
        memoryID: submission.memoryID)
      : nil
    if let known { return waits ? try await self.settle(known, tenant: submission.owner.tenant) : known }
    let position = try await self.append(submission)
    let receipt = Receipt(
      id: submission.id, owner: submission.owner, position: position, outcome: nil, isProcessed: false)
    return waits ? try await self.settle(receipt, tenant: submission.owner.tenant) : receipt
  }

  /// What became of an event of the same id that came before; nil where none did.
  /// - Parameters:
  ///   - owner: Whose it must be; nil for anyone's of the tenant.
  ///   - memoryID: The one memory that it must be about; nil where it is about more or none.
  /// - Throws: `RequestFailure` (`.conflict`) where it was another event.
  func earlier(
    _ id: String, _ type: EventType, tenant: String, owner: OwnerKey?, memoryID: UUID? = nil
  ) async throws -> Receipt? {
    func require(_ isSame: Bool) throws {
      guard isSame else {
        throw RequestFailure(.conflict, "the event id was used for another event; choose another one")
      }
    }
    func isWanted(_ other: OwnerKey?) -> Bool { owner == nil || other == nil || other == owner }
    if let entry = self.acceptedEntry(id, tenant: tenant), isWanted(entry.owner) {
      try require(entry.type == type && entry.memoryID == memoryID)
      return Receipt(id: id, owner: entry.owner, position: entry.position, outcome: nil, isProcessed: false)
    }
    guard let outcome = try await self.reader.outcome(ofInput: id, tenant: tenant), isWanted(outcome.owner) else {
      return nil
    }
    let isAboutIt = memoryID.map { id in outcome.effects.isEmpty || outcome.effects.contains { $0.memoryID == id } }
    try require(outcome.input.type == type.rawValue && isAboutIt ?? true)
    var position = Position()
    position.include(partition: outcome.input.partition, offset: outcome.input.offset)
    return Receipt(id: id, owner: outcome.owner, position: position, outcome: outcome, isProcessed: true)
  }

  /// The event `id`, where this process took it in and the caller reaches its owner.
  func acceptedEntry(_ id: String, tenant: String) -> AcceptedEvents.Entry? {
    guard let entry = self.accepted.entry(id, tenant: tenant) else { return nil }
    return entry.owner.map { self.reach.includes($0.owner) } ?? true ? entry : nil
  }

  /// Waits, within bounds, until `receipt` is processed. Where the service begins to shut down, what is written stays
  /// written, and the receipt comes back as it is: at once, since those who process it may be on their way out, too.
  func settle(_ receipt: Receipt, tenant: String) async throws -> Receipt {
    guard !receipt.isProcessed else { return receipt }
    do {
      let isReached = try await cancelWhenGracefulShutdown {
        try await self.wait(for: receipt.position, timeout: self.configuration.outcomeTimeout)
      }
      guard isReached else { return receipt }
    } catch is CancellationError where Task.isShuttingDownGracefully && !Task.isCancelled {
      return receipt
    }
    guard let owner = receipt.owner else {
      return Receipt(id: receipt.id, owner: nil, position: receipt.position, outcome: nil, isProcessed: true)
    }
    let outcome = try await self.reader.outcome(ofInput: receipt.id, tenant: tenant)
    guard let outcome, outcome.owner == owner else { return receipt }
    return Receipt(id: receipt.id, owner: owner, position: receipt.position, outcome: outcome, isProcessed: true)
  }

  private func append(_ submission: Submission) async throws -> Position {
    let now = self.clock()
    var position = Position()
    var start = 0
    while start < submission.parts.count {
      let end = min(start + self.configuration.maxAppendRecordCount, submission.parts.count)
      let records = try (start..<end).map { index in
        let part = submission.parts[index]
        return try self.codec.encode(
          CloudEvent(
            id: submission.id(ofPart: index), type: submission.type.rawValue, source: Self.source, time: now,
            owner: part.owner, data: part.body),
          topic: Topics.turns)
      }
      for appended in try await self.log.append(records) {
        position.include(partition: appended.topicPartition.partition, offset: appended.offset)
      }
      start = end
    }
    self.metrics.count(.eventsAppended, by: submission.parts.count, ["type": submission.type.rawValue])
    self.accepted.remember(
      submission.id, tenant: submission.owner.tenant,
      AcceptedEvents.Entry(
        owner: submission.owner, type: submission.type, memoryID: submission.memoryID, at: now, position: position,
        recordCount: submission.parts.count))
    return position
  }

  /// Returns true once the projection has reached `position`, false after `timeout`.
  func wait(for position: Position, timeout: Duration) async throws -> Bool {
    let deadline = ContinuousClock.now.advanced(by: timeout)
    for (partition, offset) in position.offsets.sorted(by: { $0.key < $1.key }) {
      let rest = max(.zero, ContinuousClock.now.duration(to: deadline))
      guard try await self.reader.wait(forTurnsPartition: partition, offset: offset, timeout: rest) else {
        return false
      }
    }
    return true
  }

  /// Whether every partition of `position` is one of the turns topic.
  private func exists(_ position: Position) async throws -> Bool {
    let count = try await self.turns.partitionCount()
    return position.offsets.keys.allSatisfy { $0 < count }
  }

  /// Waits for the position that a read asks for in `min_position`, in the query or in the body.
  /// - Throws: `RequestFailure` where it is malformed or not reached in time.
  func awaitPosition(_ request: APIRequest, _ members: Members? = nil) async throws {
    let text = try request.target.value("min_position") ?? members?.string("min_position")
    guard let text else { return }
    guard let position = Position(text), try await self.exists(position) else {
      throw RequestFailure.invalid("min_position is no position that a write returned")
    }
    guard try await self.wait(for: position, timeout: self.configuration.positionTimeout) else {
      throw RequestFailure(
        .positionNotReached, "the projection has not reached min_position yet; send the request again",
        retryAfterSeconds: 1)
    }
  }
}

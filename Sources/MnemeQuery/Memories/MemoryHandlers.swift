import FoundationEssentials
import MnemeCore
import MnemeProjection

extension QueryAPI {
  /// Longest text of a memory that an edit may set, in characters.
  static let maxMemoryTextLength = 16_384

  /// `GET /v1/memories/{id}/`: one memory, ended ones included; with `as_of`, as it was then.
  func get(_ request: APIRequest) async throws -> APIResponse {
    let id = try Self.memoryID(request)
    let asOf = try request.target.time("as_of")
    try await self.awaitPosition(request)
    guard let asOf else {
      return APIResponse(.object(MemoryObject.object(try await self.memory(id, request), now: self.clock())))
    }
    guard let view = try await self.reader.memory(id, tenant: request.tenant, asOf: asOf) else {
      throw RequestFailure.memoryNotFound
    }
    return APIResponse(.object(MemoryObject.object(view, now: asOf)))
  }

  /// `GET /v1/memories/{id}/history/`: every change of a memory, oldest first, also of one that was deleted.
  func history(_ request: APIRequest) async throws -> APIResponse {
    let id = try Self.memoryID(request)
    try await self.awaitPosition(request)
    let entries = try await self.reader.history(id, tenant: request.tenant)
    guard !entries.isEmpty else { throw RequestFailure.memoryNotFound }
    return APIResponse(.array(entries.map(MemoryObject.history)))
  }

  /// `PUT /v1/memories/{id}/`: changes words, data or expiry of one memory.
  func update(_ request: APIRequest) async throws -> APIResponse {
    let id = try Self.memoryID(request)
    let members = try request.members()
    let revision = try Self.revision(members, now: self.clock())
    let eventID = try EventID.find(in: members, header: request.header("idempotency-key"))
    try await self.awaitPosition(request, members)
    let view = try await self.memory(id, request)
    if view.memory.isImmutable {
      // What is sent again is answered as before, also where it was this that made it immutable.
      guard let eventID,
        try await self.earlier(eventID, .memoryEditRequested, tenant: request.tenant, owner: nil, memoryID: id) != nil
      else { throw RequestFailure.invalid(Self.immutableRefusal) }
    }
    let receipt = try await self.submit(
      Submission(
        id: eventID, type: .memoryEditRequested, owner: view.owner, memoryID: id,
        body: MemoryEditRequest(memoryID: id, revision: revision, targets: MemorySnapshot.of([view.memory]))),
      waits: try request.target.flag("wait") ?? true)
    try Self.requireSuccess(receipt)
    let changed = receipt.isProcessed ? try await self.memory(id, request) : view
    var object = MemoryObject.object(changed, now: self.clock())
    object.add("event_id", .string(receipt.id))
    object.add("status", .string((receipt.isProcessed ? EventStatus.succeeded : .pending).rawValue))
    return Self.written(.object(object), receipt)
  }

  /// Why a memory is not changed.
  static let immutableRefusal = "the memory is immutable; delete it, and add what is to take its place"

  /// `DELETE /v1/memories/{id}/`: deletes one memory, with what it superseded where `delete_linked` says so.
  func delete(_ request: APIRequest) async throws -> APIResponse {
    let id = try Self.memoryID(request)
    let includesSuperseded = try request.target.flag("delete_linked") ?? false
    let eventID = try EventID.find(in: nil, header: request.header("idempotency-key"))
    try await self.awaitPosition(request)
    let waits = try request.target.flag("wait") ?? true
    if let eventID,
      let known = try await self.earlier(
        eventID, .memoryDeletionRequested, tenant: request.tenant, owner: nil, memoryID: id)
    {
      let receipt = waits ? try await self.settle(known, tenant: request.tenant) : known
      try Self.requireSuccess(receipt)
      return Self.deleted(receipt, includesSuperseded)
    }
    let view = try await self.memory(id, request)
    let linked = includesSuperseded ? try await self.superseded(by: id, of: view.owner) : []
    let receipt = try await self.submit(
      Submission(
        id: eventID, type: .memoryDeletionRequested, owner: view.owner, memoryID: id,
        body: MemoryDeletionRequest(
          memoryID: id, includesSuperseded: includesSuperseded,
          targets: MemorySnapshot.of([view.memory] + linked))),
      waits: waits)
    try Self.requireSuccess(receipt)
    return Self.deleted(receipt, includesSuperseded)
  }

  private static func deleted(_ receipt: Receipt, _ includesSuperseded: Bool) -> APIResponse {
    var answer: [String: JSONValue] = ["event_id": .string(receipt.id)]
    if let outcome = receipt.outcome {
      answer["message"] = "Memory deleted successfully!"
      // The memory itself is not one of those that went with it.
      let count = outcome.effects.count { $0.change == .delete } - 1
      if includesSuperseded { answer["cascade_count"] = .int(Int64(max(0, count))) }
    } else {
      answer["message"] = "Delete in progress. This may take some time."
      answer["status"] = .string(EventStatus.pending.rawValue)
    }
    return Self.written(.value(.object(answer)), receipt)
  }

  /// An answer with the position of what was written.
  static func written(_ answer: JSONOutput, _ receipt: Receipt) -> APIResponse {
    var response = APIResponse(answer)
    // Of what reached nothing there is nothing to wait for.
    guard !receipt.position.offsets.isEmpty else { return response }
    response.headers.append(ResponseHeader(Position.header, receipt.position.description))
    return response
  }

  /// Refuses to report as done what failed.
  static func requireSuccess(_ receipt: Receipt) throws {
    guard let outcome = receipt.outcome else { return }
    switch outcome.outcome {
    case .stored, .nothing: return
    case .notFound: throw RequestFailure.memoryNotFound
    case .parked:
      throw RequestFailure(
        .failed, "the change could not be processed and stands in dead letters: \(EventStatus.errorText(outcome) ?? "")"
      )
    }
  }

  /// What `members` change about a memory.
  static func revision(_ members: Members, now: Timestamp) throws -> MemoryEvent.Revision {
    let text = try members.string("text", maxLength: Self.maxMemoryTextLength)
    if let text, text.allSatisfy(\.isWhitespace) { throw RequestFailure.invalid("\(members.path("text")) is empty") }
    let revision = MemoryEvent.Revision(
      text: text, metadata: try members.object("metadata"), expiresAt: try members.time("expiration_date"),
      clearsExpiry: members.isNull("expiration_date"),
      validFrom: try members.time("timestamp"), at: now)
    guard revision != MemoryEvent.Revision(at: now) else {
      throw RequestFailure.invalid(
        members.prefixed("nothing to change: send text, metadata, timestamp or expiration_date"))
    }
    return revision
  }

  /// The id in the path.
  static func memoryID(_ request: APIRequest) throws -> UUID {
    guard let id = UUID(uuidString: request.pathValues[0]) else {
      throw RequestFailure.invalid("memory_id should be a valid UUID")
    }
    return id
  }

  /// Most superseded memories whose snapshots a deletion carries; further ones go by their links alone.
  static let maxLinkedMemoryCount = 256

  /// What the memory superseded, directly or not, the latest first.
  private func superseded(by id: UUID, of owner: OwnerKey) async throws -> [Memory] {
    var seen: Set<UUID> = [id]
    var memories: [Memory] = []
    for entry in try await self.reader.history(id, tenant: owner.tenant).reversed() {
      guard seen.insert(entry.memoryID).inserted, memories.count < Self.maxLinkedMemoryCount else { continue }
      guard let view = try await self.reader.memory(entry.memoryID, tenant: owner.tenant), view.owner == owner else {
        continue
      }
      memories.append(view.memory)
    }
    return memories
  }

  /// The memory of that id.
  /// - Throws: `RequestFailure.memoryNotFound`.
  func memory(_ id: UUID, _ request: APIRequest) async throws -> MemoryView {
    guard let view = try await self.reader.memory(id, tenant: request.tenant) else {
      throw RequestFailure.memoryNotFound
    }
    return view
  }
}

import FoundationEssentials
import MnemeCore
import MnemeProjection

/// The body of a batch, understood: the memories that it names, in order, each once.
struct BatchForm: Sendable {
  /// Most memories of one batch.
  static let maxCount = 1000

  /// One element of `memories`.
  struct Element: Sendable {
    let memoryID: UUID
    let members: Members
  }

  let elements: [Element]

  /// Reads the body of `PUT` or `DELETE /v1/batch/`.
  /// - Throws: `RequestFailure`, which names the element that is wrong.
  init(_ members: Members) throws {
    guard let list = members.any("memories")?.arrayValue, !list.isEmpty else {
      throw RequestFailure.invalid("memories must be a list of objects with memory_id, and not empty")
    }
    guard list.count <= Self.maxCount else {
      throw RequestFailure.invalid("memories has more than \(Self.maxCount) elements; send several batches")
    }
    var seen: Set<UUID> = []
    self.elements = try list.enumerated().map { index, value in
      guard let object = value.objectValue else {
        throw RequestFailure.invalid("memories[\(index)] must be an object with memory_id")
      }
      let element = Members(object, of: "memories[\(index)]")
      guard let id = try element.string("memory_id").flatMap({ UUID(uuidString: $0) }) else {
        throw RequestFailure.invalid("memories[\(index)].memory_id should be a valid UUID")
      }
      guard seen.insert(id).inserted else {
        throw RequestFailure.invalid("memories[\(index)].memory_id stands in the batch twice")
      }
      return Element(memoryID: id, members: element)
    }
  }
}

extension QueryAPI {
  /// `PUT /v1/batch/`: changes words, data or expiry of several memories, all of which must exist.
  func updateBatch(_ request: APIRequest) async throws -> APIResponse {
    let members = try request.members()
    let form = try BatchForm(members)
    let now = self.clock()
    let revisions = try form.elements.map { try Self.revision($0.members, now: now) }
    return try await self.carryOut(form, .memoryEditRequested, "updated", request, members) { index, memory in
      EventBodyCoding.encode(
        MemoryEditRequest(
          memoryID: memory.id, revision: revisions[index], targets: MemorySnapshot.of([memory])))
    }
  }

  /// `DELETE /v1/batch/`: deletes several memories, all of which must exist.
  func deleteBatch(_ request: APIRequest) async throws -> APIResponse {
    let members = try request.members()
    return try await self.carryOut(
      BatchForm(members), .memoryDeletionRequested, "deleted", request, members
    ) { _, memory in
      EventBodyCoding.encode(
        MemoryDeletionRequest(
          memoryID: memory.id, includesSuperseded: false, targets: MemorySnapshot.of([memory])))
    }
  }

  /// Appends one event with a part for each memory, once all of them are found.
  private func carryOut(
    _ form: BatchForm, _ type: EventType, _ done: String, _ request: APIRequest, _ members: Members,
    body: (_ index: Int, _ memory: Memory) -> [UInt8]
  ) async throws -> APIResponse {
    let eventID = try EventID.find(in: members, header: request.header("idempotency-key"))
    let waits = try request.target.flag("wait") ?? members.bool("async_mode").map { !$0 } ?? true
    try await self.awaitPosition(request, members)
    // What came before may have deleted what is looked for below.
    if let eventID, let known = try await self.earlier(eventID, type, tenant: request.tenant, owner: nil) {
      let receipt = waits ? try await self.settle(known, tenant: request.tenant) : known
      return try await self.batchAnswer(receipt, done, request.tenant)
    }
    let views = try await self.reader.memories(form.elements.map(\.memoryID), tenant: request.tenant)
    let parts = try form.elements.enumerated().map { index, element in
      guard let view = views[element.memoryID] else {
        throw RequestFailure(.notFound, element.members.prefixed(RequestFailure.memoryNotFound.description))
      }
      if type == .memoryEditRequested, view.memory.isImmutable {
        throw RequestFailure.invalid(element.members.prefixed(Self.immutableRefusal))
      }
      return Submission.Part(name: view.memory.id.text, owner: view.owner, body: body(index, view.memory))
    }
    let receipt = try await self.submit(Submission(id: eventID, type: type, parts: parts), waits: waits)
    return try await self.batchAnswer(receipt, done, request.tenant)
  }

  private func batchAnswer(_ receipt: Receipt, _ done: String, _ tenant: String) async throws -> APIResponse {
    var answer: [String: JSONValue] = ["event_id": .string(receipt.id)]
    guard receipt.isProcessed else {
      answer["message"] = "The batch is in progress. This may take some time."
      answer["status"] = .string(EventStatus.pending.rawValue)
      return Self.written(.value(.object(answer)), receipt)
    }
    let outcomes = try await self.reader.outcomes(ofEvent: receipt.id, tenant: tenant)
    if let parked = outcomes.first(where: { $0.outcome == .parked }) {
      throw RequestFailure(
        .failed,
        "a part of the batch could not be processed and stands in dead letters: "
          + (EventStatus.errorText(parked) ?? ""))
    }
    let goneCount = outcomes.count { $0.outcome == .notFound }
    let gone = goneCount == 0 ? "" : "; \(goneCount) had been deleted meanwhile"
    answer["message"] = .string("Successfully \(done) \(outcomes.count - goneCount) memories\(gone)")
    answer["status"] = .string(EventStatus.succeeded.rawValue)
    return Self.written(.value(.object(answer)), receipt)
  }
}

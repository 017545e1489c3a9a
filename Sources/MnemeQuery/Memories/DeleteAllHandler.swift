import FoundationEssentials
import MnemeCore
import MnemeProjection

extension QueryAPI {
  /// Memories read at a time while those to be deleted are gathered.
  static let deletionPageSize = 500

  /// `DELETE /v1/memories/`: deletes every memory that matches, ended and expired ones included, and nothing else.
  func deleteAll(_ request: APIRequest) async throws -> APIResponse {
    guard request.body.isEmpty else {
      throw RequestFailure.invalid("conditions stand in the query; a body is not read here, and nothing was deleted")
    }
    let form = try DeletionForm(request.target)
    let waits = try request.target.flag("wait") ?? true
    let eventID = try EventID.find(in: nil, header: request.header("idempotency-key"))
    try await self.awaitPosition(request)
    if let eventID, let known = try await self.earlierDeletion(eventID, request.tenant) {
      return try Self.deletionAnswer(waits ? try await self.settle(known, tenant: request.tenant) : known)
    }
    guard let submission = try await self.deletion(form, id: eventID, tenant: request.tenant) else {
      return self.nothingToDelete(id: eventID ?? UUID().text, tenant: request.tenant)
    }
    return try Self.deletionAnswer(try await self.submit(submission, waits: waits))
  }

  private func earlierDeletion(_ id: String, _ tenant: String) async throws -> Receipt? {
    do {
      return try await self.earlier(id, .memoriesDeletionRequested, tenant: tenant, owner: nil)
    } catch let failure as RequestFailure where failure.code == .conflict {
      // The same deletion may have named memories one by one.
      return try await self.earlier(id, .memoryDeletionRequested, tenant: tenant, owner: nil)
    }
  }

  /// One record for each owner where scopes can say what is asked for, else one for each memory; nil where none match.
  private func deletion(_ form: DeletionForm, id: String?, tenant: String) async throws -> Submission? {
    let query = MemoryQuery(tenant: tenant, filter: form.filter, includesEnded: true, notExpiredAt: nil)
    if let simple = form.simple, let parts = try await self.ownerParts(simple, query) {
      return parts.isEmpty ? nil : Submission(id: id, type: .memoriesDeletionRequested, parts: parts)
    }
    let parts = try await self.memoryParts(query)
    return parts.isEmpty ? nil : Submission(id: id, type: .memoryDeletionRequested, parts: parts)
  }

  private func ownerParts(
    _ condition: DeletionForm.SimpleCondition, _ query: MemoryQuery
  ) async throws -> [Submission.Part]? {
    var owners = Set(try await self.reader.owners(matching: query))
    // Turns of the owner that is named may be on their way; its deletion is ordered after them.
    if let named = condition.equal.owner, condition.scope(within: named) != nil {
      owners.insert(OwnerKey(tenant: query.tenant, owner: named))
    }
    guard owners.count <= self.configuration.maxDeletedOwnerCount else {
      throw RequestFailure.invalid(
        "more than \(self.configuration.maxDeletedOwnerCount) owners have memories that match; nothing was deleted")
    }
    var parts: [Submission.Part] = []
    for owner in owners.sorted(by: { $0.description < $1.description }) {
      guard let scope = condition.scope(within: owner.owner) else { return nil }
      parts.append(
        Submission.Part(
          name: "\(owner.owner.kind.rawValue):\(owner.owner.id)", owner: owner,
          body: EventBodyCoding.encode(MemoriesDeletionRequest(scope: scope))))
    }
    return parts
  }

  private func memoryParts(_ query: MemoryQuery) async throws -> [Submission.Part] {
    var parts: [Submission.Part] = []
    var seen: Set<UUID> = []
    var offset = 0
    while true {
      let page = try await self.reader.memories(query, offset: offset, limit: Self.deletionPageSize)
      guard page.totalCount <= self.configuration.maxDeletedMemoryCount else {
        throw RequestFailure.invalid(
          "more than \(self.configuration.maxDeletedMemoryCount) memories match; narrow the filter, nothing was deleted"
        )
      }
      // What is added meanwhile moves the pages on, so that a memory may come twice.
      for view in page.memories where seen.insert(view.memory.id).inserted {
        parts.append(
          Submission.Part(
            name: view.memory.id.text, owner: view.owner,
            body: EventBodyCoding.encode(
              MemoryDeletionRequest(
                memoryID: view.memory.id, includesSuperseded: false, targets: MemorySnapshot.of([view.memory])))))
      }
      offset += Self.deletionPageSize
      guard offset < page.totalCount, !page.memories.isEmpty else { return parts }
    }
  }

  private func nothingToDelete(id: String, tenant: String) -> APIResponse {
    self.accepted.remember(
      id, tenant: tenant,
      AcceptedEvents.Entry(
        owner: nil, type: .memoriesDeletionRequested, memoryID: nil, at: self.clock(), position: Position(),
        recordCount: 0))
    return APIResponse([
      "message": "No memory matches; nothing was deleted", "event_id": .string(id),
      "status": .string(EventStatus.succeeded.rawValue),
    ])
  }

  private static func deletionAnswer(_ receipt: Receipt) throws -> APIResponse {
    if let outcome = receipt.outcome, outcome.outcome == .parked {
      throw RequestFailure(
        .failed,
        "the deletion could not be processed and stands in dead letters: \(EventStatus.errorText(outcome) ?? "")")
    }
    let message =
      receipt.isProcessed ? "Memories deleted successfully!" : "Delete in progress. This may take some time."
    let status = receipt.isProcessed ? EventStatus.succeeded : .pending
    return Self.written(
      .object(["message": .string(message), "event_id": .string(receipt.id), "status": .string(status.rawValue)]),
      receipt)
  }
}

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
    let waits = try request.target.flag("wait") ?? request.target.flag("async_mode").map { !$0 } ?? true
    let eventID = try EventID.find(in: nil, header: request.header("idempotency-key"))
    try await self.awaitPosition(request)
    let receipt = try await self.delete(form, id: eventID, tenant: request.tenant, waits: waits)
    return try Self.deletionAnswer(receipt)
  }

  /// Deletes what `form` names. Where nothing matches, nothing is appended, and the receipt names no owner.
  func delete(_ form: DeletionForm, id: String?, tenant: String, waits: Bool) async throws -> Receipt {
    if let id, let known = try await self.earlierDeletion(id, tenant) {
      return waits ? try await self.settle(known, tenant: tenant) : known
    }
    guard let submission = try await self.deletion(form, id: id, tenant: tenant) else {
      return self.nothingToDelete(id: id ?? UUID().text, tenant: tenant)
    }
    return try await self.submit(submission, waits: waits)
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
    // Turns of the owner that is named may be on their way; its deletion is ordered after them. Users that the caller
    // does not reach are refused; an agent's or a session's id stands on memories of those that it does.
    if let named = condition.equal.owner, condition.scope(within: named) != nil,
      named.kind == .user || self.reach.includes(named)
    {
      owners.insert(OwnerKey(tenant: query.tenant, owner: named))
    }
    guard owners.count <= self.configuration.maxDeletedOwnerCount else {
      throw RequestFailure.invalid(
        "more than \(self.configuration.maxDeletedOwnerCount) owners have memories that match; nothing was deleted")
    }
    var parts: [Submission.Part] = []
    for owner in owners.sorted(by: { $0.description < $1.description }) {
      guard let scope = condition.scope(within: owner.owner) else { return nil }
      parts.append(Submission.Part(deleting: scope, of: owner))
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

  private func nothingToDelete(id: String, tenant: String) -> Receipt {
    self.accepted.remember(
      id, tenant: tenant,
      AcceptedEvents.Entry(
        owner: nil, type: .memoriesDeletionRequested, memoryID: nil, at: self.clock(), position: Position(),
        recordCount: 0))
    return Receipt(id: id, owner: nil, position: Position(), outcome: nil, isProcessed: true)
  }

  private static func deletionAnswer(_ receipt: Receipt) throws -> APIResponse {
    try self.requireNotParked(receipt)
    let message =
      receipt.owner == nil
      ? "No memory matches; nothing was deleted"
      : receipt.isProcessed ? "Memories deleted successfully!" : "Delete in progress. This may take some time."
    let status = receipt.isProcessed ? EventStatus.succeeded : .pending
    return Self.written(
      .object(["message": .string(message), "event_id": .string(receipt.id), "status": .string(status.rawValue)]),
      receipt)
  }

  /// Deletes all memories of `tenant` that the caller reaches; nil where there are none.
  /// - Throws: `RequestFailure` where more owners have some than one deletion reaches, or where it was parked.
  func deleteEverything(id: String?, tenant: String, waits: Bool) async throws -> Receipt? {
    let everything = MemoryQuery(tenant: tenant, filter: nil, includesEnded: true, notExpiredAt: nil)
    let owners = try await self.reader.owners(matching: everything)
    guard owners.count <= self.configuration.maxDeletedOwnerCount else {
      throw RequestFailure.invalid(
        "more than \(self.configuration.maxDeletedOwnerCount) owners have memories; delete them by entity")
    }
    guard !owners.isEmpty else { return nil }
    let parts = owners.sorted { $0.description < $1.description }.map { owner in
      var scope = Scope()
      scope[owner.owner.kind.field] = owner.owner.id
      return Submission.Part(deleting: scope, of: owner)
    }
    let receipt = try await self.submit(
      Submission(id: id, type: .memoriesDeletionRequested, parts: parts), waits: waits)
    try Self.requireNotParked(receipt)
    return receipt
  }

  /// Refuses to report as done what stands in dead letters.
  static func requireNotParked(_ receipt: Receipt) throws {
    guard let outcome = receipt.outcome, outcome.outcome == .parked else { return }
    throw RequestFailure(
      .failed,
      "the deletion could not be processed and stands in dead letters: \(EventStatus.errorText(outcome) ?? "")")
  }
}

extension Submission.Part {
  /// A record that deletes all memories of `owner` within `scope`.
  fileprivate init(deleting scope: Scope, of owner: OwnerKey) {
    self.init(
      name: "\(owner.owner.kind.rawValue):\(owner.owner.id)", owner: owner,
      body: EventBodyCoding.encode(MemoriesDeletionRequest(scope: scope)))
  }
}

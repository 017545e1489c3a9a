import MnemeCore
import MnemeProjection

/// The query of `GET /v1/events/`, understood.
struct EventListForm: Sendable {
  /// Events of one page, if the request does not say.
  static let defaultPageSize = 50
  /// Most events of one page.
  static let maxPageSize = 100

  let page: Page
  /// Types of the events that are wanted; nil for all.
  let types: Set<EventType>?
  /// Their status; nil for any.
  let status: EventStatus?
  let from: Timestamp?
  let to: Timestamp?

  /// What the platform calls events. Those that only read leave none here.
  private static let typesByName: [String: Set<EventType>] = [
    "ADD": [.turnRecorded], "UPDATE": [.memoryEditRequested],
    "DELETE": [.memoryDeletionRequested, .memoriesDeletionRequested], "FEEDBACK": [.memoryFeedbackGiven], "SEARCH": [],
    "GET": [], "GET_ALL": [],
  ]

  /// Reads the query.
  /// - Throws: `RequestFailure`.
  init(_ target: RequestTarget) throws {
    self.page =
      try Page(target, defaultSize: Self.defaultPageSize, maxSize: Self.maxPageSize)
      ?? Page(number: 1, size: Self.defaultPageSize)
    self.types = try target.value("event_type").map { name in
      guard let types = Self.typesByName[name.uppercased()] else {
        throw RequestFailure.invalid("event_type must be ADD, UPDATE, DELETE, FEEDBACK, SEARCH, GET or GET_ALL")
      }
      return types
    }
    self.status = try target.value("status").map { name in
      guard let status = EventStatus(rawValue: name.uppercased()) else {
        throw RequestFailure.invalid("status must be PENDING, SUCCEEDED or FAILED")
      }
      return status
    }
    self.from = try target.time("start_date")
    self.to = try target.time("end_date")
  }

  /// How the events end that are wanted; nil for any way.
  var outcomes: Set<MemoriesResolved.Outcome>? {
    switch self.status {
    case nil: nil
    case .pending: []
    case .succeeded: [.stored, .nothing]
    case .failed: [.notFound, .parked]
    }
  }

  /// Whether an event that has no outcome yet is wanted.
  func wants(_ entry: AcceptedEvents.Entry) -> Bool {
    (self.types?.contains(entry.type) ?? true) && (self.from.map { $0 <= entry.at } ?? true)
      && (self.to.map { $0 >= entry.at } ?? true)
  }
}

extension QueryAPI {
  /// Events without an outcome that are listed, at most: the latest that this process took in.
  static let maxPendingEventCount = 1000

  /// `GET /v1/events/`: writes, the latest first: those of this process that are under way, then those that ended.
  /// The status that is asked for is that of an event's last record, where it has several.
  func events(_ request: APIRequest) async throws -> APIResponse {
    let form = try EventListForm(request.target)
    try await self.awaitPosition(request)
    // Before those that ended: what ends in between is left out there.
    let pending = form.status ?? .pending == .pending ? try await self.pendingEvents(form, request.tenant) : []
    let shown = form.page.of(pending)
    let finished = try await self.reader.inputs(
      InputQuery(
        tenant: request.tenant, types: form.types, outcomes: form.outcomes, from: form.from, to: form.to),
      offset: max(0, form.page.offset - pending.count), limit: form.page.size - shown.count)
    var results = shown.map { id, entry in
      JSONOutput.value(Self.pendingEvent(id, type: entry.type.rawValue, at: entry.at))
    }
    let pendingIDs = Set(pending.map(\.id))
    for outcome in finished.outcomes where !pendingIDs.contains(outcome.input.id) {
      let parts = try await self.parts(of: outcome, request.tenant)
      results.append(.value(Self.finishedEvent(outcome, parts: parts)))
    }
    return APIResponse(
      .object(form.page.answer(to: request, totalCount: pending.count + finished.totalCount, results)))
  }

  /// How the records of an event ended that `last` is the last record of.
  private func parts(of last: InputOutcome, _ tenant: String) async throws -> [InputOutcome] {
    guard last.input.type != EventType.turnRecorded.rawValue else { return [last] }
    let parts = try await self.reader.outcomes(ofEvent: last.input.id, tenant: tenant)
    // Another owner may have a later event of the same id.
    return parts.last?.input == last.input ? parts : [last]
  }

  /// What this process took in and the projection has not reached, the latest first.
  private func pendingEvents(
    _ form: EventListForm, _ tenant: String
  ) async throws -> [(id: String, entry: AcceptedEvents.Entry)] {
    var reached: [Int: Int64] = [:]
    var pending: [(id: String, entry: AcceptedEvents.Entry)] = []
    for (id, entry) in self.accepted.latest(Self.maxPendingEventCount, tenant: tenant)
    where form.wants(entry) && entry.owner.map({ self.reach.includes($0.owner) }) ?? false {
      for (partition, offset) in entry.position.offsets where reached[partition].map({ $0 < offset }) ?? true {
        // Of a partition, what is before a place that was reached was reached too.
        guard try await self.reader.wait(forTurnsPartition: partition, offset: offset, timeout: .zero) else {
          pending.append((id, entry))
          break
        }
        reached[partition] = offset
      }
    }
    return pending
  }
}

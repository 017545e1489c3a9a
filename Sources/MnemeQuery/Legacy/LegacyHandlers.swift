import MnemeCore
import MnemeProjection

extension QueryAPI {
  /// Memories of a list that names no page, at most, and of the largest page of older clients.
  static let maxUnpagedMemoryCount = 1000

  /// `POST /v1/memories/`: as `POST /v3/memories/add/`, with the shapes of versions 1 and 1.1. Whoever does not ask for
  /// `async_mode` uses the result, so it is waited for.
  func legacyAdd(_ request: APIRequest) async throws -> APIResponse {
    let members = try request.members()
    let (_, receipt) = try await self.takeIn(request, members, waits: true)
    let results = JSONValue.array(try Self.legacyResults(receipt))
    let isWrapped = try members.string("output_format") == "v1.1"
    return Self.written(.value(isWrapped ? ["results": results] : results), receipt)
  }

  /// What a turn changed, or that it is under way.
  /// - Throws: `RequestFailure` (`.failed`) where it could not be processed: these shapes have no other place for it.
  static func legacyResults(_ receipt: Receipt) throws -> [JSONValue] {
    guard let outcome = receipt.outcome else {
      return [
        [
          "message": .string(Self.queuedMessage), "status": .string(EventStatus.pending.rawValue),
          "event_id": .string(receipt.id),
        ]
      ]
    }
    if let error = EventStatus.errorText(outcome) {
      throw RequestFailure(.failed, "the turn could not be processed and stands in dead letters: \(error)")
    }
    return outcome.effects.map(MemoryObject.effect)
  }

  /// `GET /v1/memories/`: a list whose conditions stand in the query.
  func legacyQueryList(_ request: APIRequest) async throws -> APIResponse {
    try await self.legacyList(request, LegacyForm.members(of: request.target))
  }

  /// `POST /v2/memories/`: a list whose conditions stand in the body.
  func legacyBodyList(_ request: APIRequest) async throws -> APIResponse {
    try await self.legacyList(request, request.optionalMembers())
  }

  /// A bare list; a page where the query has both `page` and `page_size`.
  private func legacyList(_ request: APIRequest, _ members: Members) async throws -> APIResponse {
    let sizes = 1...Self.maxUnpagedMemoryCount
    let number = try request.target.integer("page", in: 1...Page.maxNumber)
    let size = try request.target.integer("page_size", in: sizes)
    if let number, let size {
      let page = Page(number: number, size: size)
      let (found, results) = try await self.listed(request, members, page)
      return APIResponse(.object(page.answer(to: request, totalCount: found.totalCount, results)))
    }
    let limit =
      try size ?? members.integer("page_size", in: sizes) ?? members.integer("top_k", in: sizes)
      ?? members.integer("limit", in: sizes) ?? sizes.upperBound
    let page = Page(number: try number ?? members.integer("page", in: 1...Page.maxNumber) ?? 1, size: limit)
    return APIResponse(.array(try await self.listed(request, members, page).results))
  }

  /// One page of the memories that older clients' `members` describe.
  func listed(
    _ request: APIRequest, _ members: Members, _ page: Page
  ) async throws -> (found: MemoryPage, results: [JSONOutput]) {
    let now = self.clock()
    let form = try ReadForm(LegacyForm.current(members), tenant: request.tenant, now: now)
    try await self.awaitPosition(request, members)
    let found = try await self.reader.memories(form.query, offset: page.offset, limit: page.size)
    let shownAt = form.query.asOf ?? now
    return (found, found.memories.map { form.project(MemoryObject.object($0, now: shownAt)) })
  }

  /// `POST /v1/memories/search/`: as of version 3; a bare list, or `results` for version 1.1.
  func legacySearch(_ request: APIRequest) async throws -> APIResponse {
    let members = try request.members()
    let (_, found, results) = try await self.results(of: request, LegacyForm.current(members))
    guard try members.string("output_format") != "v1.1" else { return found.answer(["results": .array(results)]) }
    return found.answer(list: results)
  }

  /// `POST /v2/memories/search/`: a bare list; the client of version 1 wraps it itself.
  func legacyBareSearch(_ request: APIRequest) async throws -> APIResponse {
    let (_, found, results) = try await self.results(of: request, LegacyForm.current(try request.members()))
    return found.answer(list: results)
  }
}

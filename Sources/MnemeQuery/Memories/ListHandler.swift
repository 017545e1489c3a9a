import MnemeCore
import MnemeProjection

extension QueryAPI {
  /// `POST /v3/memories/`: the memories that match a filter, newest first, by pages.
  func list(_ request: APIRequest) async throws -> APIResponse {
    let members = try request.optionalMembers()
    let now = self.clock()
    let form = try ReadForm(members, tenant: request.tenant, now: now)
    let page = try Page(request.target) ?? Page(number: 1, size: Page.defaultSize)
    try await self.awaitPosition(request, members)
    let found = try await self.reader.memories(form.query, offset: page.offset, limit: page.size)
    return APIResponse(
      .object(
        page.answer(
          to: request, totalCount: found.totalCount,
          found.memories.map { form.project(MemoryObject.object($0, now: form.query.asOf ?? now)) })))
  }
}

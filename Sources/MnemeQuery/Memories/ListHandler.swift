import MnemeCore
import MnemeProjection

extension QueryAPI {
  /// Memories of one page, if the request does not say.
  static let defaultPageSize = 100
  /// Most memories of one page.
  static let maxPageSize = 200
  /// Largest page number.
  static let maxPage = 1_000_000

  /// `POST /v3/memories/`: the memories that match a filter, newest first, by pages.
  func list(_ request: APIRequest) async throws -> APIResponse {
    let members = request.body.isEmpty ? Members([:], of: nil) : try request.members()
    let now = self.clock()
    let form = try ReadForm(members, tenant: request.tenant, now: now)
    let page = try request.target.integer("page", in: 1...Self.maxPage) ?? 1
    let size = try request.target.integer("page_size", in: 1...Self.maxPageSize) ?? Self.defaultPageSize
    try await self.awaitPosition(request, members)
    let found = try await self.reader.memories(form.query, offset: (page - 1) * size, limit: size)
    func link(_ page: Int) -> JSONValue {
      .string("\(Self.base(request))/v3/memories/?page=\(page)&page_size=\(size)")
    }
    return APIResponse(
      .object([
        "count": .int(Int64(found.totalCount)),
        "next": .value(page * size < found.totalCount ? link(page + 1) : .null),
        "previous": .value(page > 1 ? link(page - 1) : .null),
        "results": .array(
          found.memories.map { form.project(MemoryObject.object($0, now: form.query.asOf ?? now)) }),
      ]))
  }

  /// Scheme and host as the client knows them; empty, for a relative link, where its header holds anything unusual.
  private static func base(_ request: APIRequest) -> String {
    guard let host = request.authority, !host.isEmpty,
      host.utf8.allSatisfy({ Character(Unicode.Scalar($0)).isLetter || "0123456789.-:[]".utf8.contains($0) })
    else { return "" }
    return (request.header("x-forwarded-proto") == "https" ? "https://" : "http://") + host
  }
}

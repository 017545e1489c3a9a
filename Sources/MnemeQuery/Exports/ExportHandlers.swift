import FoundationEssentials
import MnemeCore
import MnemeProjection

extension QueryAPI {
  /// Memories of one export, at most.
  static let maxExportedMemoryCount = 10_000
  /// Memories that are read at a time.
  private static let exportPageSize = 500

  private static let exportNotFound = RequestFailure(.notFound, "No memory export request found")

  /// `POST /v1/exports/`: notes what is to be exported, and in which form. The export is made when it is fetched.
  func requestExport(_ request: APIRequest) async throws -> APIResponse {
    let form = try ExportForm(try request.members())
    let export = ExportRequest(
      id: UUID().text, schema: form.schema, filters: form.filters, instructions: form.instructions,
      owners: self.reach.names, at: self.clock())
    try await self.change(self.ownProject(request), .exportRequested(export))
    return APIResponse(
      [
        "message": "Memory export request received. The export will be ready in a few seconds.",
        "id": .string(export.id),
      ], status: 201)
  }

  /// `POST /v1/exports/get/`: the export of that id, or the newest one with those filters; the newest of all where the
  /// body names neither.
  func export(_ request: APIRequest) async throws -> APIResponse {
    let members = try request.optionalMembers()
    try await self.awaitPosition(request, members)
    return try await self.export(
      request, id: try members.string("memory_export_id"), try LegacyForm.current(members))
  }

  /// `GET /v1/exports/`: the same for older clients, by the query; with `page` or `page_size`, what was asked for.
  func queriedExport(_ request: APIRequest) async throws -> APIResponse {
    try await self.awaitPosition(request)
    let page = try Page(request.target)
    let members = try LegacyForm.members(of: request.target, except: ["memory_export_id", "page", "page_size"])
    let (id, conditions) = (try request.target.value("memory_export_id"), try LegacyForm.current(members))
    guard let page else { return try await self.export(request, id: id, conditions) }
    return try await self.listExports(request, page, id: id, conditions)
  }

  private func export(_ request: APIRequest, id: String?, _ members: Members) async throws -> APIResponse {
    guard let found = try await self.exports(request, id: id, members).last else { throw Self.exportNotFound }
    let memories = try await self.memories(
      MemoryQuery(
        tenant: request.tenant, filter: try found.filters.map(ExportForm.filter), notExpiredAt: self.clock()),
      upTo: Self.maxExportedMemoryCount)
    guard SchemaDocument.namesProperties(found.schema) else { return APIResponse(try self.plainExport(memories)) }
    do {
      return APIResponse(try SchemaDocument.fill(found.schema, from: memories.map(\.memory)))
    } catch let error as SchemaDocument.TooLarge {
      throw RequestFailure.invalid(error.description)
    }
  }

  /// What a schema without properties is answered with.
  private func plainExport(_ views: [MemoryView]) throws -> JSONOutput {
    let byteCount = views.reduce(0) { count, view in
      let metadata = view.memory.metadata.map { EventBodyCoding.encode(JSONValue.object($0)).count } ?? 0
      return count + view.memory.text.utf8.count + metadata
        + view.memory.sources.reduce(0) { $0 + $1.quote.utf8.count }
    }
    guard byteCount <= SchemaDocument.maxByteCount else {
      throw RequestFailure.invalid(SchemaDocument.TooLarge().description)
    }
    let now = self.clock()
    return .object(["memories": .array(views.map { .object(MemoryObject.object($0, now: now)) })])
  }

  /// All memories of `query`, newest first.
  /// - Throws: `RequestFailure` where there are more than `maxCount`.
  private func memories(_ query: MemoryQuery, upTo maxCount: Int) async throws -> [MemoryView] {
    var views: [MemoryView] = []
    while true {
      let page = try await self.reader.memories(query, offset: views.count, limit: Self.exportPageSize)
      guard page.totalCount <= maxCount else {
        throw RequestFailure.invalid("the export holds more than \(maxCount) memories; ask for less by filters")
      }
      views += page.memories
      guard views.count < page.totalCount, !page.memories.isEmpty else { return views }
    }
  }

  private func listExports(
    _ request: APIRequest, _ page: Page, id: String?, _ members: Members
  ) async throws -> APIResponse {
    let exports = Array(try await self.exports(request, id: id, members).reversed())
    let results: [JSONOutput] = page.of(exports).map { export in
      .value([
        "id": .string(export.id), "schema": export.schema, "filters": export.filters ?? [:],
        "export_instructions": export.instructions.map(JSONValue.string) ?? .null,
        "created_at": .string(export.at.description),
      ])
    }
    return APIResponse(.object(page.answer(to: request, totalCount: exports.count, results)))
  }

  /// What was asked for in the caller's project by keys that reach no more than the caller, the newest last; of that
  /// id and with those filters, where they are there.
  private func exports(_ request: APIRequest, id: String?, _ members: Members) async throws -> [ExportRequest] {
    let filters = try ExportForm.filters(members)
    let named = try await self.projects.refresh()[self.ownProject(request)].exports.filter { export in
      (id.map { $0 == export.id } ?? true) && (filters.map { $0 == export.filters } ?? true)
    }
    guard let own = self.reach.names else { return named }
    return named.filter { $0.owners.map { Set($0).isSubset(of: own) } ?? false }
  }
}

extension Reach {
  /// The owners within it as `kind:id`, sorted; nil for everybody.
  var names: [String]? { self.owners.map { $0.map { "\($0.kind.rawValue):\($0.id)" }.sorted() } }
}

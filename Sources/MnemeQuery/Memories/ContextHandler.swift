import MnemeCore
import MnemeProjection

/// The body of `POST /v1/context/`, understood: a search, and what is to become of its hits.
struct ContextForm: Sendable {
  /// Hits that are looked at, if the request does not say.
  static let defaultLimit = 50

  let search: SearchForm
  /// The block has at most so many tokens.
  let maxTokenCount: Int
  /// When facts are past.
  let reference: Timestamp

  /// Reads the body.
  /// - Throws: `RequestFailure`, `FilterError`.
  init(_ members: Members, tenant: String, now: Timestamp, bounds: QueryConfiguration) throws {
    self.search = try SearchForm(
      members, tenant: tenant, now: now, bounds: bounds, defaultLimit: Self.defaultLimit,
      maxLimit: ContextBlock.maxItemCount)
    self.maxTokenCount =
      try members.integer("max_tokens", in: ContextBlock.minTokenCount...ContextBlock.maxTokenCount)
      ?? ContextBlock.defaultTokenCount
    self.reference = self.search.read.reference
  }
}

extension QueryAPI {
  /// `POST /v1/context/`: what is remembered about a question, as text for a prompt.
  func context(_ request: APIRequest) async throws -> APIResponse {
    let members = try request.members()
    let now = self.clock()
    let form = try ContextForm(members, tenant: request.tenant, now: now, bounds: self.configuration)
    try await self.awaitPosition(request, members)
    let found = try await self.find(form.search, tenant: request.tenant, count: form.search.limit)
    let items = found.hits.map { ContextItem($0.hit.view.memory, score: $0.score, now: form.reference) }
    let block = ContextBlock(question: form.search.text, items: items, maxTokenCount: form.maxTokenCount)
    let memories = block.entries.map { entry in
      Self.memory(
        entry, items[entry.item], found.hits[entry.item], form, now: form.search.read.query.asOf ?? now)
    }
    return found.answer([
      "context": .string(block.text), "tokens": .int(Int64(block.tokenCount)),
      "max_tokens": .int(Int64(form.maxTokenCount)), "truncated": .bool(block.isTruncated),
      "memories": .array(memories),
    ])
  }

  /// A memory that the block cites: all its members, and what the block says of it.
  private static func memory(
    _ entry: ContextBlock.Entry, _ item: ContextItem, _ ranked: RankedHit, _ form: ContextForm, now: Timestamp
  ) -> JSONOutput {
    var object = MemoryObject.object(ranked.hit.view, now: now)
    object.add("citation", .int(Int64(entry.citation)))
    object.add("text", .string(entry.excerpt.text))
    object.add("whole", .bool(entry.excerpt.isWhole))
    object.add("date", .string(item.from.day.description))
    object.add("past", .bool(item.isPast))
    object.add("score", .double(ranked.score))
    return form.search.read.project(object)
  }
}

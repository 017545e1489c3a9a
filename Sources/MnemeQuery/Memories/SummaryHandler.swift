import MnemeCore
import MnemeProjection

extension QueryAPI {
  /// `POST /v1/summary/`: what is remembered, as text for a prompt: the newest current memories that match, as many as
  /// the budget holds. No model is asked; the memories are cited as those of a context are.
  func summary(_ request: APIRequest) async throws -> APIResponse {
    let members = try request.members()
    let now = self.clock()
    let form = try ReadForm(members, tenant: request.tenant, now: now)
    let maxTokenCount =
      try members.integer("max_tokens", in: ContextBlock.minTokenCount...ContextBlock.maxTokenCount)
      ?? ContextBlock.defaultTokenCount
    try await self.awaitPosition(request, members)
    let found = try await self.reader.memories(form.query, offset: 0, limit: ContextBlock.maxItemCount)
    // Newer ones are worth a little more, so that they come first and none is left out for being old alone.
    let items = found.memories.enumerated().map { index, view in
      ContextItem(
        view.memory, score: 1 - Double(index) / Double(2 * ContextBlock.maxItemCount), now: form.reference)
    }
    let block = ContextBlock(question: "", items: items, maxTokenCount: maxTokenCount)
    let shownAt = form.query.asOf ?? now
    let memories = block.entries.map { entry -> JSONOutput in
      var object = MemoryObject.object(found.memories[entry.item], now: shownAt)
      object.add("citation", .int(Int64(entry.citation)))
      return form.project(object)
    }
    return APIResponse(
      .object([
        "summary": .string(block.text), "count": .int(Int64(found.totalCount)),
        "tokens": .int(Int64(block.tokenCount)),
        "truncated": .bool(block.isTruncated || found.totalCount > found.memories.count),
        "memories": .array(memories),
      ]))
  }
}

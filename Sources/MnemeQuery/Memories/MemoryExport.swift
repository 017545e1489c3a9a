package import MnemeCore
package import MnemeProjection

/// Memories as the HTTP API shows them, for those who write them elsewhere.
package enum MemoryExport {
  /// Memories that are read at one time.
  static let pageSize = 1000

  /// The object of a memory in JSON, as it stands at `now`.
  package static func json(_ view: MemoryView, now: Timestamp) -> [UInt8] {
    JSONWriter.write(.object(MemoryObject.object(view, now: now)))
  }

  /// Hands out all memories of `query`, newest first. What is added meanwhile is not among them, and nothing is left
  /// out or comes twice because of it: pages go on after the last memory, not at a number.
  /// - Throws: What the reader or `body` throws.
  package static func read(
    _ query: MemoryQuery, from reader: any MemoryReader, _ body: ([MemoryView]) throws -> Void
  ) async throws {
    var last: (at: Timestamp, count: Int)?
    while true {
      var rest = query
      if let last {
        let condition = Filter.compare(.createdAt, .lte, .int(last.at.milliseconds))
        rest.filter = rest.filter.map { .and([$0, condition]) } ?? condition
      }
      // Of the last instant, some are known already.
      let page = try await reader.memories(rest, offset: last?.count ?? 0, limit: Self.pageSize)
      guard let end = page.memories.last?.memory.recordedAt else { return }
      try body(page.memories)
      let count = page.memories.reversed().prefix { $0.memory.recordedAt == end }.count
      last = (end, count + (last?.at == end ? last?.count ?? 0 : 0))
      if page.memories.count < Self.pageSize { return }
    }
  }
}

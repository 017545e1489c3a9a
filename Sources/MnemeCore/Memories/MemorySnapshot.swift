import FoundationEssentials

/// Memories as a command carries them, so that it can be carried out in a generation that has other ids and words.
public enum MemorySnapshot {
  /// Most sources of each memory.
  public static let maxSourceCount = 64
  /// Most characters of a source's quote.
  public static let maxQuoteLength = SourceSpan.maxQuoteLength
  /// Most bytes of all of them together, as JSON: a quarter of what the log takes in one record by default (1 MiB), as
  /// the record that a command leads to holds them again.
  public static let maxByteCount = 256 << 10

  /// As many of `memories` as fit, in their order, each with the first of its sources. The first one is always among
  /// them: if it alone is too large, it goes without its metadata.
  public static func of(_ memories: [Memory]) -> [Memory] {
    var snapshot: [Memory] = []
    var byteCount = 0
    for (index, memory) in memories.enumerated() {
      var bounded = memory
      bounded.sources = memory.sources.prefix(maxSourceCount).map { source in
        var source = source
        source.quote = String(source.quote.prefix(maxQuoteLength))
        return source
      }
      var size = EventBodyCoding.encode(bounded).count
      if index == 0, size > maxByteCount {
        bounded.metadata = nil
        size = EventBodyCoding.encode(bounded).count
      }
      guard index == 0 || byteCount + size <= maxByteCount else { break }
      byteCount += size
      snapshot.append(bounded)
    }
    return snapshot
  }
}

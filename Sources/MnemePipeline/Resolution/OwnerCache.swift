import MnemeCore

/// What is known of the owners used last, bounded by bytes.
struct OwnerCache {
  private let maxByteCount: Int
  private var entries: [OwnerKey: (memories: OwnerMemories, lastUse: Int)] = [:]
  private var useCount = 0
  private var byteCount = 0

  init(maxByteCount: Int) {
    self.maxByteCount = maxByteCount
  }

  /// What is known of `owner`, if it is held. Changes are made in place.
  subscript(owner: OwnerKey) -> OwnerMemories? {
    get { entries[owner]?.memories }
    _modify {
      useCount += 1
      // Moved out and in again, so that a change does not copy an owner's vectors.
      var memories = entries.removeValue(forKey: owner)?.memories
      byteCount -= memories?.byteCount ?? 0
      yield &memories
      guard let memories else { return }
      byteCount += memories.byteCount
      entries[owner] = (memories, useCount)
    }
  }

  /// Lets go of the owners that were not used for longest until the rest fits.
  mutating func trim() {
    guard byteCount > maxByteCount else { return }
    for (owner, entry) in entries.sorted(by: { $0.value.lastUse < $1.value.lastUse }) where byteCount > maxByteCount {
      byteCount -= entry.memories.byteCount
      entries[owner] = nil
    }
  }
}

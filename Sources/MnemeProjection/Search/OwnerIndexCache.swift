import GRDB
import Synchronization

/// Keeps the indexes of the owners searched last, within a bound.
final class OwnerIndexCache: Sendable {
  private struct Key: Hashable, Sendable {
    /// Name of the database: another one counts owners and versions by itself.
    let database: String
    let owner: Int64
  }

  private struct State {
    var held: [Key: (index: OwnerIndex, lastUse: Int)] = [:]
    var loading: Set<Key> = []
    var byteCount = 0
    var useCount = 0
  }

  private let maxByteCount: Int
  private let state = Mutex(State())

  init(maxByteCount: Int) {
    self.maxByteCount = maxByteCount
  }

  /// The index of `owner` as of `database`'s snapshot. nil where it would take up most of the cache, or where another
  /// search is reading all of it just now: rows are read where they lie, then.
  func index(_ database: Database, name: String, owner: OwnerRow, dimension: Int) throws -> OwnerIndex? {
    let key = Key(database: name, owner: owner.number)
    guard OwnerIndex.byteCount(owner, dimension: dimension) <= self.maxByteCount / 2 else { return nil }
    if var index = self.use(key) {
      if index.version == owner.version { return index }
      if try index.update(database, owner) {
        self.hold(index, key)
        return index
      }
    }
    guard self.state.withLock({ $0.loading.insert(key).inserted }) else { return nil }
    defer { self.state.withLock { _ = $0.loading.remove(key) } }
    let index = try OwnerIndex(database, owner, dimension: dimension)
    self.hold(index, key)
    return index
  }

  private func use(_ key: Key) -> OwnerIndex? {
    self.state.withLock { state in
      state.useCount += 1
      state.held[key]?.lastUse = state.useCount
      return state.held[key]?.index
    }
  }

  private func hold(_ index: OwnerIndex, _ key: Key) {
    self.state.withLock { state in
      if let old = state.held[key] {
        // A reader on an older snapshot does not put back what another one has brought up to date.
        guard old.index.version <= index.version else { return }
        state.byteCount -= old.index.byteCount
      }
      state.useCount += 1
      state.held[key] = (index, state.useCount)
      state.byteCount += index.byteCount
      guard state.byteCount > self.maxByteCount else { return }
      // A little more than has to go, so that this is not done for every owner that comes.
      for (key, entry) in state.held.sorted(by: { $0.value.lastUse < $1.value.lastUse }) {
        guard state.byteCount > self.maxByteCount / 8 * 7 else { return }
        state.byteCount -= entry.index.byteCount
        state.held[key] = nil
      }
    }
  }

  /// Bytes held, approximately.
  var byteCount: Int { self.state.withLock { $0.byteCount } }
}

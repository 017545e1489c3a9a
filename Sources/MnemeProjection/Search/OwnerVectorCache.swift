import GRDB
import Synchronization

/// Keeps the vectors of the owners searched last, within a bound.
final class OwnerVectorCache: Sendable {
  private struct Key: Hashable, Sendable {
    /// Name of the database: another one counts owners and versions by itself.
    let database: String
    let owner: Int64
  }

  private struct State {
    var held: [Key: (vectors: OwnerVectors, lastUse: Int)] = [:]
    var loading: Set<Key> = []
    var byteCount = 0
    var useCount = 0
  }

  private let maxByteCount: Int
  private let state = Mutex(State())

  init(maxByteCount: Int) {
    self.maxByteCount = maxByteCount
  }

  /// The vectors of `owner` as of `database`'s snapshot. nil where they would take up most of the cache, or where
  /// another search
  /// is reading all of them just now: they are scanned where they lie, then.
  func vectors(_ database: Database, name: String, owner: OwnerRow, dimension: Int) throws -> OwnerVectors? {
    let key = Key(database: name, owner: owner.number)
    guard OwnerVectors.byteCount(owner.memoryCount, dimension: dimension) <= self.maxByteCount / 2 else { return nil }
    if var vectors = self.use(key) {
      if vectors.version == owner.version { return vectors }
      if try vectors.update(database, owner) {
        self.hold(vectors, key)
        return vectors
      }
    }
    guard self.state.withLock({ $0.loading.insert(key).inserted }) else { return nil }
    defer { self.state.withLock { _ = $0.loading.remove(key) } }
    let vectors = try OwnerVectors(database, owner, dimension: dimension)
    self.hold(vectors, key)
    return vectors
  }

  private func use(_ key: Key) -> OwnerVectors? {
    self.state.withLock { state in
      state.useCount += 1
      state.held[key]?.lastUse = state.useCount
      return state.held[key]?.vectors
    }
  }

  private func hold(_ vectors: OwnerVectors, _ key: Key) {
    self.state.withLock { state in
      if let old = state.held[key] {
        // A reader on an older snapshot does not put back what another one has brought up to date.
        guard old.vectors.version <= vectors.version else { return }
        state.byteCount -= old.vectors.byteCount
      }
      state.useCount += 1
      state.held[key] = (vectors, state.useCount)
      state.byteCount += vectors.byteCount
      guard state.byteCount > self.maxByteCount else { return }
      for (key, entry) in state.held.sorted(by: { $0.value.lastUse < $1.value.lastUse }) {
        guard state.byteCount > self.maxByteCount else { return }
        state.byteCount -= entry.vectors.byteCount
        state.held[key] = nil
      }
    }
  }

  /// Bytes held, approximately.
  var byteCount: Int { self.state.withLock { $0.byteCount } }
}

import GRDB
import Synchronization

/// An index of some of a shard's memories that is kept in memory and follows the shard.
protocol CachedIndex: Sendable {
  /// What it is an index of, as of a snapshot.
  associatedtype Subject

  /// Approximate size of the index of `subject` in memory, in bytes, before it is made.
  static func byteCount(_ subject: Subject, dimension: Int) -> Int
  /// Reads all of `subject`.
  init(_ database: Database, _ subject: Subject, dimension: Int) throws
  /// Brings this up to `subject`. Returns false where the changes since are not all known any more.
  mutating func update(_ database: Database, _ subject: Subject) throws -> Bool
  /// Rises with every change of the subject.
  var version: Int64 { get }
  /// Approximate size in memory, in bytes.
  var byteCount: Int { get }
}

/// Where indexes outlive the cache that holds them.
protocol IndexFiles<Index>: Sendable {
  /// What is kept.
  associatedtype Index: CachedIndex

  /// The index of `subject` as of `database`'s snapshot, from what was kept of it; nil where that is of no use.
  func read(_ database: Database, name: String, _ subject: Index.Subject, dimension: Int) throws -> Index?
  /// Keeps `index` where enough of it is new, soon: it is not waited for.
  func keep(_ index: inout Index, name: String, _ subject: Index.Subject)
}

/// Keeps the indexes that were searched last, within a bound.
final class IndexCache<Index: CachedIndex>: Sendable {
  private struct Key: Hashable, Sendable {
    /// Name of the database: another one counts owners and versions by itself.
    let database: String
    let subject: Int64
  }

  private struct State {
    var held: [Key: (index: Index, lastUse: Int)] = [:]
    var loading: Set<Key> = []
    var byteCount = 0
    var useCount = 0
  }

  private let maxByteCount: Int
  private let files: (any IndexFiles<Index>)?
  private let state = Mutex(State())

  init(maxByteCount: Int, files: (any IndexFiles<Index>)? = nil) {
    self.maxByteCount = maxByteCount
    self.files = files
  }

  /// The index of `subject`, number `number` of version `version`, as of `database`'s snapshot. nil where it would take
  /// up most of the cache, or where another search is reading all of it just now: rows are read where they lie, then.
  func index(
    _ database: Database, name: String, _ subject: Index.Subject, number: Int64, version: Int64, dimension: Int
  ) throws -> Index? {
    let key = Key(database: name, subject: number)
    guard Index.byteCount(subject, dimension: dimension) <= self.maxByteCount / 2 else { return nil }
    var held = self.use(key)
    if let index = held, index.version == version { return index }
    if try held?.update(database, subject) == true, let index = held { return self.hold(index, key, subject) }
    guard self.state.withLock({ $0.loading.insert(key).inserted }) else { return nil }
    defer { self.state.withLock { _ = $0.loading.remove(key) } }
    // What was kept is older than what was held, from where the changes since are not known any more.
    let kept = held == nil ? try self.files?.read(database, name: name, subject, dimension: dimension) : nil
    return self.hold(try kept ?? Index(database, subject, dimension: dimension), key, subject)
  }

  private func hold(_ index: Index, _ key: Key, _ subject: Index.Subject) -> Index {
    var index = index
    self.files?.keep(&index, name: key.database, subject)
    self.hold(index, key)
    return index
  }

  private func use(_ key: Key) -> Index? {
    self.state.withLock { state in
      state.useCount += 1
      state.held[key]?.lastUse = state.useCount
      return state.held[key]?.index
    }
  }

  private func hold(_ index: Index, _ key: Key) {
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

extension IndexCache<OwnerIndex> {
  /// The index of `owner`.
  func index(_ database: Database, name: String, owner: OwnerRow, dimension: Int) throws -> OwnerIndex? {
    try self.index(database, name: name, owner, number: owner.number, version: owner.version, dimension: dimension)
  }
}

extension IndexCache<TenantIndex> {
  /// The index of `tenant`.
  func index(_ database: Database, name: String, tenant: TenantShare, dimension: Int) throws -> TenantIndex? {
    try self.index(database, name: name, tenant, number: tenant.number, version: tenant.version, dimension: dimension)
  }
}

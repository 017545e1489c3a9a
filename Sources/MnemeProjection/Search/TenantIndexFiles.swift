import Dispatch
import FoundationEssentials
import GRDB
import Glibc
import Synchronization

/// The files of tenants' indexes: for each database of a shard and each of its tenants,
/// `indexes/shard-0003-<random>.sqlite-<tenant's number>.index` in the projection's folder.
///
/// They are a cache: derived from the rows, brought up to date when they are read, made anew where they are of no use.
/// Where they cannot be written, readers do without. They hold hashes of words, and codes of vectors; no text.
final class TenantIndexFiles: IndexFiles {
  private struct Key: Hashable, Sendable {
    let database: String
    let tenant: Int64
  }

  private struct State {
    /// What is written just now, or soon.
    var writing: Set<Key> = []
    /// Of those, what was removed since.
    var removed: Set<Key> = []
  }

  private let projection: String
  private let minMemoryCount: Int
  private let state = Mutex(State())
  /// Writes one after the other, away from those who search.
  private let queue = DispatchQueue(label: "mneme-tenant-indexes", qos: .utility)

  /// Share of an index, as a denominator, that has changed before it is written again.
  private static let minChangedShare = 8
  /// Indexes that wait to be written, at most; what comes then waits for its next change.
  private static let maxWaitingCount = 64
  /// What is not finished for so long, its writer was killed, in seconds.
  private static let maxWriteSeconds = 3600

  private static let suffix = ".index"
  private static let temporarySuffix = ".part"

  /// The files in the folder `projection`, of tenants with at least `minMemoryCount` memories in a shard.
  init(projection: String, minMemoryCount: Int) {
    self.projection = projection
    self.minMemoryCount = minMemoryCount
  }

  private var directory: String { "\(self.projection)/indexes" }

  /// The file of tenant number `tenant` of `database`.
  func path(tenant: Int64, database: String) -> String { "\(self.directory)/\(database)-\(tenant)\(Self.suffix)" }

  // MARK: Reading

  func read(_ database: Database, name: String, _ share: TenantShare, dimension: Int) throws -> TenantIndex? {
    let identity = TenantIndex.FileIdentity(database: name, tenant: share.number, dimension: dimension)
    guard var index = try? Self.load(identity, path: self.path(tenant: share.number, database: name)),
      // It is of a snapshot after this one, or of a database that was put back as it once was.
      index.version <= share.version, try index.update(database, share), index.agrees(with: share)
    else { return nil }
    return index
  }

  private static func load(_ identity: TenantIndex.FileIdentity, path: String) throws -> TenantIndex {
    var file = try IndexFileReader.open(path)
    return try TenantIndex(identity, from: &file)
  }

  // MARK: Writing

  func keep(_ index: inout TenantIndex, name: String, _ share: TenantShare) {
    let count = index.entries.count
    guard count >= self.minMemoryCount, index.unkeptRowCount >= max(1, count / Self.minChangedShare) else { return }
    let key = Key(database: name, tenant: share.number)
    let isTaken = self.state.withLock { state in
      state.writing.count < Self.maxWaitingCount && state.writing.insert(key).inserted
    }
    guard isTaken else { return }
    // An attempt that fails counts too: the next one waits for as many changes.
    index.noteKept()
    self.queue.async { [index] in
      try? self.write(index, key)
      let isRemoved = self.state.withLock { state in
        state.writing.remove(key)
        return state.removed.remove(key) != nil
      }
      if isRemoved { unsafe unlink(self.path(tenant: key.tenant, database: key.database)) }
    }
  }

  private func write(_ index: TenantIndex, _ key: Key) throws {
    // Nothing above it is made: a projection that was removed does not come back as an empty folder.
    unsafe mkdir(self.directory, 0o700)
    let path = self.path(tenant: key.tenant, database: key.database)
    var file = try IndexFileWriter.create(temporaryPath: "\(path)-\(ShardFiles.randomDigits())\(Self.temporarySuffix)")
    self.removeStrays()
    let identity = TenantIndex.FileIdentity(
      database: key.database, tenant: key.tenant, dimension: index.vectors.dimension)
    try index.merged().write(identity, to: &file)
    try file.finish(path: path)
  }

  /// Returns when all is written that was to be.
  func settle() async {
    await withCheckedContinuation { continuation in self.queue.async { continuation.resume() } }
  }

  // MARK: Removing

  /// Removes the file of tenant number `tenant` of `database`, also one that is about to be written by this.
  func remove(tenant: Int64, database: String) {
    let key = Key(database: database, tenant: tenant)
    self.state.withLock { state in
      if state.writing.contains(key) { state.removed.insert(key) }
    }
    unsafe unlink(self.path(tenant: tenant, database: database))
  }

  /// Removes the files of databases that are gone, and what killed writers left.
  private func removeStrays() {
    for entry in (try? FileManager.default.contentsOfDirectory(atPath: self.directory)) ?? [] {
      let path = "\(self.directory)/\(entry)"
      if entry.hasSuffix(Self.temporarySuffix), Self.age(path) > Self.maxWriteSeconds { unsafe unlink(path) }
      // A name is never used twice: a database that is not there never will be.
      guard let database = Self.database(entry), unsafe access("\(self.projection)/\(database)", F_OK) != 0,
        errno == ENOENT
      else { continue }
      unsafe unlink(path)
    }
  }

  /// The database that a file of that name belongs to; nil where it is none of ours.
  private static func database(_ entry: String) -> String? {
    guard entry.hasPrefix("shard-"), let end = entry.firstRange(of: ".sqlite-") else { return nil }
    return entry[..<end.lowerBound] + ".sqlite"
  }

  /// Seconds since the file was last written.
  private static func age(_ path: String) -> Int {
    var status = stat()
    guard unsafe lstat(path, &status) == 0 else { return 0 }
    return time(nil) - status.st_mtim.tv_sec
  }
}

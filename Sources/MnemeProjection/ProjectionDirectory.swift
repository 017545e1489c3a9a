import FoundationEssentials
import Glibc

/// Where projections lie: each in a directory of its own, named by `ProjectionConfiguration.id`.
public enum ProjectionDirectory {
  /// The shards of one projection.
  static func path(_ directory: String, _ configuration: ProjectionConfiguration) -> String {
    path(directory, id: configuration.id)
  }

  private static func path(_ directory: String, id: String) -> String { "\(directory)/\(id)" }

  /// Held by the one rebuild that is under way.
  static func rebuildLock(_ directory: String) -> String { "\(directory)/rebuild.lock" }

  /// Whether `id` can name a directory beside others, and is none of those that removing leaves.
  static func isName(_ id: String) -> Bool {
    !id.isEmpty && !id.hasPrefix(".") && !id.utf8.contains { $0 == UInt8(ascii: "/") || $0 == 0 }
  }

  /// The ids of the projections under `directory`, in order; none where it does not exist.
  public static func ids(in directory: String) -> [String] {
    let entries = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
    return entries.filter { isName($0) && isDirectory(path(directory, id: $0)) }.sorted()
  }

  /// Removes a projection with all its shards, in one step: killed at any moment, it is whole or gone. Does nothing
  /// where there is none.
  ///
  /// Waits for a rebuild and for transactions that are under way. Readers, of this process too, may go on: their next
  /// read fails with `ProjectionError.Code.missing`. Stop the projectors first: one that runs cannot go on.
  /// - Throws: `ProjectionError` (`.readOnly`, `.storage`).
  public static func remove(_ directory: String, id: String) async throws {
    precondition(isName(id), "a projection's id names a directory")
    removeLeftovers(directory)
    let path = path(directory, id: id)
    guard isDirectory(path) else { return }
    try await whileUnused(path) {
      let grave = "\(directory)/\(leftoverPrefix)\(ShardFiles.randomDigits())"
      guard unsafe rename(path, grave) == 0 else { throw StorageFailure.system("rename", path: path, errno: errno) }
      try ShardFiles.sync(directory)
    }
    removeLeftovers(directory)
  }

  /// Runs `body` while no rebuild and no transaction is under way in the projection at `path`.
  static func whileUnused(_ path: String, _ body: () async throws -> Void) async throws {
    var locks = [rebuildLock(path)]
    for partition in try ShardFiles.partitions(in: path) {
      locks.append(ShardFiles(directory: path, partition: partition).lockPath)
    }
    // In the order in which a rebuild takes them.
    try await whileHeld(locks[...], body)
  }

  /// Begins the name of a removed projection's directory.
  private static let leftoverPrefix = ".removed-"

  private static func whileHeld(_ locks: ArraySlice<String>, _ body: () async throws -> Void) async throws {
    guard let first = locks.first else { return try await body() }
    try await FileLock.whileHeld(path: first) { try await whileHeld(locks.dropFirst(), body) }
  }

  private static func removeLeftovers(_ directory: String) {
    for entry in (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
    where entry.hasPrefix(leftoverPrefix) {
      // What cannot be removed now is the next removal's.
      try? FileManager.default.removeItem(atPath: path(directory, id: entry))
    }
  }

  private static func isDirectory(_ path: String) -> Bool {
    var status = stat()
    return unsafe lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }
}

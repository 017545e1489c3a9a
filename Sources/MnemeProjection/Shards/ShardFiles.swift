import FoundationEssentials
import Glibc

/// The files of one shard.
///
/// `shard-0003.sqlite` is a symbolic link to the current database, `shard-0003-<random>.sqlite`. Replacing the link is
/// one atomic step, so that a rebuild switches readers and projectors of every process over at once:
/// - Who writes holds `shard-0003.lock` and looks where the link points before each transaction.
/// - Who reads looks where the link points after its snapshot has begun, and begins again where that has changed. A
///   database
///   is removed only after the link has left it, so one that was opened while the link still named it was opened whole.
/// - A name is never used twice: SQLite removes `-wal` files by name, and must not meet another database's.
struct ShardFiles: Hashable, Sendable {
  /// Directory of the projection.
  let directory: String
  /// Number of the shard.
  let partition: Int

  /// `shard-0003`.
  var stem: String {
    let digits = String(partition)
    return "shard-" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
  }
  /// Path of the link.
  var linkPath: String { "\(directory)/\(stem).sqlite" }
  /// Path of the writers' lock.
  var lockPath: String { "\(directory)/\(stem).lock" }
  /// Path of the database `name`.
  func path(_ name: String) -> String { "\(directory)/\(name)" }

  /// Name of the current database; nil where there is none.
  func currentName() throws -> String? {
    let capacity = 256
    var count = 0
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: capacity) { buffer, initialized in
      // `readlink` writes at most `capacity` bytes and no terminator.
      count = unsafe buffer.withMemoryRebound(to: CChar.self) { unsafe readlink(linkPath, $0.baseAddress!, capacity) }
      initialized = max(0, count)
    }
    if count > 0, count < capacity { return String(decoding: bytes, as: UTF8.self) }
    switch errno {
    case ENOENT, ENOTDIR: return nil
    // A plain file stands where the link should: nothing of ours, which a rebuild replaces.
    case EINVAL: throw ProjectionError(.corrupt, "\(linkPath) is no symbolic link; run 'mneme replay rebuild'")
    default: throw StorageFailure.system("readlink", path: linkPath, errno: errno)
    }
  }

  /// Makes an empty file for a database, readable by its owner alone, under a name that was never used.
  func create() throws -> String {
    let name = "\(stem)-\(Self.randomDigits()).sqlite"
    let descriptor = unsafe open(path(name), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw StorageFailure.system("open", path: path(name), errno: errno) }
    close(descriptor)
    return name
  }

  /// Makes `name` the current database, durably. The caller holds the lock.
  func install(_ name: String) throws {
    try Self.sync(path(name))
    let temporary = "\(directory)/\(stem)-\(Self.randomDigits()).link"
    guard unsafe symlink(name, temporary) == 0 else {
      throw StorageFailure.system("symlink", path: temporary, errno: errno)
    }
    guard unsafe rename(temporary, linkPath) == 0 else {
      let code = errno
      unsafe unlink(temporary)
      throw StorageFailure.system("rename", path: linkPath, errno: code)
    }
    try Self.sync(directory)
  }

  /// Removes database `name` and what belongs to it. The link no longer names it.
  func remove(_ name: String) {
    // The database first: nobody opens what is left of it.
    for suffix in ["", "-wal", "-shm", "-journal"] { unsafe unlink(path(name) + suffix) }
  }

  /// Removes what crashed rebuilds left. The caller holds this shard's lock and the rebuilds' lock.
  func removeStrays() throws {
    let current = try? currentName()
    for entry in try Self.entries(of: directory) where entry.hasPrefix("\(stem)-") {
      if let current, entry.hasPrefix(current) { continue }
      unsafe unlink(path(entry))
    }
  }

  /// Numbers of the shards of which there is any file in `directory`, in order.
  static func partitions(in directory: String) throws -> [Int] {
    let numbers = try entries(of: directory).compactMap { entry -> Int? in
      let parts = entry.split(whereSeparator: { $0 == "-" || $0 == "." })
      return parts.count > 1 && parts[0] == "shard" ? Int(parts[1]) : nil
    }
    return Set(numbers).sorted()
  }

  /// Makes `directory` and those above it.
  static func makeDirectory(_ directory: String) throws {
    do {
      try FileManager.default.createDirectory(
        atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    } catch {
      throw ProjectionError(.readOnly, "directory \(directory) cannot be made; check the one above it")
    }
  }

  private static func entries(of directory: String) throws -> [String] {
    do {
      return try FileManager.default.contentsOfDirectory(atPath: directory)
    } catch {
      throw ProjectionError(.storage, "directory \(directory) cannot be listed; check its permissions")
    }
  }

  static func randomDigits() -> String {
    let digits = String(UInt64.random(in: 0...UInt64.max), radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }

  /// Makes what is written to a file, or the names in a directory, durable.
  static func sync(_ path: String) throws {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw StorageFailure.system("open", path: path, errno: errno) }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw StorageFailure.system("fsync", path: path, errno: errno) }
  }
}

import Crypto
import Dispatch
import FoundationEssentials
import Glibc
import MnemeCore

/// A snapshot's file: a line that tells what it is; length of the manifest, 8 bytes, little-endian; its SHA-256, 32
/// bytes; the manifest, JSON; and the shards' databases, one after the other.
struct SnapshotFile: ~Copyable {
  private let descriptor: Int32
  private let path: String

  static let magic = Array("mneme snapshot 1\n".utf8)
  /// Bytes that are copied at once.
  private static let chunkByteCount = 1 << 20
  /// A longer manifest is none.
  private static let maxManifestByteCount = 64 << 20

  deinit { Glibc.close(descriptor) }

  private init(descriptor: Int32, path: String) {
    self.descriptor = descriptor
    self.path = path
  }

  /// A new file, readable by its owner alone.
  static func create(_ path: String) throws -> SnapshotFile {
    let descriptor = unsafe Glibc.open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw StorageFailure.system("open", path: path, errno: errno) }
    return SnapshotFile(descriptor: descriptor, path: path)
  }

  /// A file that exists, to be written.
  static func open(writing path: String) throws -> SnapshotFile {
    let descriptor = unsafe Glibc.open(path, O_WRONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw StorageFailure.system("open", path: path, errno: errno) }
    return SnapshotFile(descriptor: descriptor, path: path)
  }

  /// A file to be read.
  static func open(reading path: String) throws -> SnapshotFile {
    let descriptor = unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      if errno == ENOENT { throw ProjectionError(.missing, "\(path) does not exist") }
      throw StorageFailure.system("open", path: path, errno: errno)
    }
    return SnapshotFile(descriptor: descriptor, path: path)
  }

  /// Makes everything that was written durable.
  borrowing func sync() throws {
    guard fsync(descriptor) == 0 else { throw StorageFailure.system("fsync", path: path, errno: errno) }
  }

  borrowing func write(_ bytes: [UInt8]) throws {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = unsafe rest.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { throw StorageFailure.system("write", path: path, errno: errno) }
      rest = rest.dropFirst(count)
    }
  }

  /// Up to `count` bytes; fewer only at the end.
  borrowing func read(_ count: Int) throws -> [UInt8] {
    var bytes: [UInt8] = []
    while bytes.count < count {
      var chunk = [UInt8](repeating: 0, count: min(Self.chunkByteCount, count - bytes.count))
      let got = unsafe chunk.withUnsafeMutableBytes { unsafe Glibc.read(descriptor, $0.baseAddress, $0.count) }
      if got < 0 && errno == EINTR { continue }
      guard got >= 0 else { throw StorageFailure.system("read", path: path, errno: errno) }
      if got == 0 { break }
      bytes += chunk.prefix(got)
    }
    return bytes
  }

  /// Copies `count` bytes to `target`, or all that are left; returns how many, and their SHA-256 in hexadecimal.
  borrowing func copy(_ count: Int = .max, to target: borrowing SnapshotFile) throws -> (count: Int, checksum: String) {
    try each(count) { try target.write($0) }
  }

  /// How many bytes are left, and their SHA-256 in hexadecimal.
  borrowing func measure() throws -> (count: Int, checksum: String) { try each(.max) { _ in } }

  private borrowing func each(_ count: Int, _ body: ([UInt8]) throws -> Void) throws -> (count: Int, checksum: String) {
    var hash = SHA256()
    var copied = 0
    while copied < count {
      let chunk = try read(min(Self.chunkByteCount, count - copied))
      if chunk.isEmpty { break }
      hash.update(data: chunk)
      copied += chunk.count
      try body(chunk)
    }
    return (copied, Derivation.hexadecimal(hash.finalize()))
  }

  borrowing func writeHeader(_ manifest: SnapshotManifest) throws {
    let json = EventBodyCoding.encode(manifest)
    try write(Self.magic + (0..<8).map { UInt8(truncatingIfNeeded: json.count >> (8 * $0)) })
    try write(Array(SHA256.hash(data: json)) + json)
  }

  /// The manifest; the shards come next.
  /// - Throws: `ProjectionError` (`.corrupt`, `.mismatch`).
  borrowing func readHeader() throws -> SnapshotManifest {
    guard try read(Self.magic.count) == Self.magic else {
      throw ProjectionError(.mismatch, "\(path) is no snapshot that this program knows")
    }
    let length = try read(8).reversed().reduce(0) { $0 << 8 | Int($1) }
    guard (1...Self.maxManifestByteCount).contains(length) else { throw damaged }
    let checksum = try read(SHA256.byteCount)
    let json = try read(length)
    guard json.count == length, Array(SHA256.hash(data: json)) == checksum,
      let manifest = try? EventBodyCoding.decode(SnapshotManifest.self, from: json)
    else { throw damaged }
    return manifest
  }

  var damaged: ProjectionError {
    ProjectionError(.corrupt, "\(path) is damaged; export the snapshot again, or copy it again")
  }
}

/// Work that blocks, away from the threads that others wait for.
enum BlockingWork {
  private static let queue = DispatchQueue(label: "mneme-snapshots")

  static func run<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
      queue.async { continuation.resume(with: Result { try body() }) }
    }
  }
}

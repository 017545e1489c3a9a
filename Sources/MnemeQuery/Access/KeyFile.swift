import FoundationEssentials
import Glibc
import MnemeCore

/// Why a key file cannot be read or written.
public struct KeyFileError: Error, CustomStringConvertible, Sendable {
  /// What happened, to which file, and what to do next.
  public let description: String
  /// Whether the same call may succeed later with nothing else changed.
  public let isRetriable: Bool

  init(_ path: String, _ what: String, isRetriable: Bool = false) {
    self.description = "key file \(path): \(what)"
    self.isRetriable = isRetriable
  }
}

/// The file that holds what is known of the API keys: JSON, `{"version": 1, "keys": […]}`, readable by its owner alone.
/// It is replaced as a whole, so that no reader sees half of it.
public struct KeyFile: Sendable {
  /// Keys of one file, at most: all are in memory.
  public static let maxKeyCount = 100_000
  /// Bytes of the file, at most.
  static let maxByteCount = 64 << 20

  /// Where it is.
  public let path: String

  private struct Content: Codable {
    var version = 1
    var keys: [APIKeyRecord]
  }

  /// The file at `path`, which need not be there yet.
  public init(path: String) {
    self.path = path
  }

  /// What tells one state of the file from another; nil where it is not there.
  struct Stamp: Hashable, Sendable {
    let device: UInt
    let inode: UInt
    let size: Int
    let seconds: Int
    let nanoseconds: Int
  }

  /// The file's present state.
  func stamp() -> Stamp? {
    var status = stat()
    guard unsafe stat(path, &status) == 0 else { return nil }
    return Stamp(
      device: UInt(status.st_dev), inode: UInt(status.st_ino), size: Int(status.st_size),
      seconds: status.st_mtim.tv_sec, nanoseconds: status.st_mtim.tv_nsec)
  }

  /// All keys; none where the file is not there.
  /// - Throws: `KeyFileError` where it is no key file, or others than its owner may read or change it.
  public func read() throws -> KeyRing {
    guard FileManager.default.fileExists(atPath: path) else { return KeyRing() }
    var status = stat()
    guard unsafe stat(path, &status) == 0, status.st_mode & 0o077 == 0 else {
      throw KeyFileError(path, "others than its owner may read or change it; run chmod 600 on it")
    }
    guard status.st_size <= Self.maxByteCount, let data = FileManager.default.contents(atPath: path) else {
      throw KeyFileError(path, "it cannot be read, or has more than \(Self.maxByteCount) bytes")
    }
    guard let content = try? JSONDecoder().decode(Content.self, from: data) else {
      throw KeyFileError(path, "it is no list of keys as mneme keys writes them; put back a copy, or make new keys")
    }
    guard content.version == 1 else {
      throw KeyFileError(path, "it is of version \(content.version), which this program does not know; update it")
    }
    return KeyRing(content.keys)
  }

  /// Changes the keys under a lock that other writers respect.
  /// - Throws: `KeyFileError`, or what `body` throws; nothing is changed then.
  public func change<Value>(_ body: (inout [APIKeyRecord]) throws -> Value) throws -> Value {
    let draft = path + ".new"
    // Whoever makes the draft is the one writer.
    let descriptor = unsafe open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else {
      if errno == EEXIST {
        throw KeyFileError(
          path, "\(draft) is there: another command writes, or one was killed; remove it if none runs",
          isRetriable: true)
      }
      throw KeyFileError(path, "\(draft) cannot be made (error \(errno)); see that its folder is there and writable")
    }
    do {
      defer { close(descriptor) }
      var records = try read().records
      let value = try body(&records)
      guard records.count <= Self.maxKeyCount else {
        throw KeyFileError(path, "it would hold more than \(Self.maxKeyCount) keys; remove revoked ones")
      }
      try write(records, to: descriptor)
      guard unsafe rename(draft, path) == 0 else { throw KeyFileError(path, "it cannot be replaced (error \(errno))") }
      return value
    } catch {
      unsafe unlink(draft)
      throw error
    }
  }

  private func write(_ records: [APIKeyRecord], to descriptor: Int32) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    var bytes = Array(try encoder.encode(Content(keys: records)))[...]
    while !bytes.isEmpty {
      let count = unsafe bytes.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw KeyFileError(path, "it cannot be written (error \(errno))") }
      bytes = bytes.dropFirst(count)
    }
    guard fsync(descriptor) == 0 else { throw KeyFileError(path, "it cannot be written to disk (error \(errno))") }
  }
}

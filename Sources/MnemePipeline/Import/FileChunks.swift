import Glibc

/// A file, read piece by piece: it may be larger than memory.
final class FileChunks: Sendable {
  /// Bytes of one piece, at most.
  static let byteCount = 1 << 20

  /// Bytes of the whole file.
  let totalByteCount: Int
  private let descriptor: Int32

  /// Opens the file at `path`.
  /// - Throws: `MemorySourceError`.
  init(_ path: String) throws {
    self.descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard self.descriptor >= 0 else { throw Self.failure() }
    let end = lseek(self.descriptor, 0, SEEK_END)
    guard end >= 0, lseek(self.descriptor, 0, SEEK_SET) == 0 else {
      let failure = Self.failure()
      close(self.descriptor)
      throw failure
    }
    self.totalByteCount = Int(end)
  }

  deinit { close(self.descriptor) }

  /// Whether there is a folder at `path` rather than a file; nil where there is nothing.
  static func isFolder(_ path: String) -> Bool? {
    var status = stat()
    guard unsafe stat(path, &status) == 0 else { return nil }
    return status.st_mode & S_IFMT == S_IFDIR
  }

  /// The bytes from `offset` on, up to one piece; empty at the end.
  /// - Throws: `MemorySourceError`.
  func read(from offset: Int) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: Self.byteCount)
    while true {
      let descriptor = self.descriptor
      let count = unsafe bytes.withUnsafeMutableBytes { unsafe pread(descriptor, $0.baseAddress, $0.count, offset) }
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw Self.failure() }
      bytes.removeLast(bytes.count - count)
      return bytes
    }
  }

  private static func failure() -> MemorySourceError {
    MemorySourceError("the file cannot be read (errno \(errno)); see that it is a file, and readable")
  }
}

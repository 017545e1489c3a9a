import Glibc
import LanguageModel

/// A file in memory, read-only, paged in as it is touched.
///
/// `@unchecked Sendable`: the mapping is never written, and lives until the last reference goes.
final class MappedFile: @unchecked Sendable {
  /// Good as long as this object is held.
  let bytes: UnsafeRawBufferPointer

  init(path: String) throws {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw ModelError(.unavailable, "embedding model: cannot open \(path) (errno \(errno)); run ops/fetch-model")
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_size > 0 else {
      throw ModelError(.unavailable, "embedding model: \(path) is empty; run ops/fetch-model")
    }
    let size = Int(status.st_size)
    guard let start = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0), start != MAP_FAILED else {
      throw ModelError(.unavailable, "embedding model: cannot map \(path) (errno \(errno))")
    }
    self.bytes = UnsafeRawBufferPointer(start: start, count: size)
  }

  deinit {
    munmap(UnsafeMutableRawPointer(mutating: self.bytes.baseAddress!), self.bytes.count)
  }

  /// A copy of the bytes.
  var contents: [UInt8] {
    withExtendedLifetime(self) { Array(self.bytes) }
  }

  /// Gives the pages touched so far back to the system; touching them again reads them again.
  func releasePages() {
    madvise(UnsafeMutableRawPointer(mutating: self.bytes.baseAddress!), self.bytes.count, MADV_DONTNEED)
  }
}

import FoundationEssentials
import Glibc

/// A file that is not what it should be, or cannot be read or written: it is done without.
struct UnusableIndexFile: Error {}

/// A checksum against damage, not against forgery: multiply and xor over words of 8 bytes, in four lanes, as one would
/// wait for each product. Any one word that differs makes it differ.
private struct IndexChecksum {
  private var lanes: (UInt64, UInt64, UInt64, UInt64) = (
    0x9e37_79b9_7f4a_7c15, 0xbf58_476d_1ce4_e5b9, 0x94d0_49bb_1331_11eb, 0xd6e8_feb8_6659_fd93
  )

  private static func step(_ lane: UInt64, _ word: UInt64) -> UInt64 {
    let product = (lane ^ word) &* 0xff51_afd7_ed55_8ccd
    return product ^ product >> 32
  }

  /// Adds `bytes`, and how many they are.
  mutating func add(_ bytes: UnsafeRawBufferPointer) {
    var (first, second, third, fourth) = lanes
    var offset = 0
    // Every load lies within `bytes`.
    while offset + 32 <= bytes.count {
      first = Self.step(first, unsafe bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
      second = Self.step(second, unsafe bytes.loadUnaligned(fromByteOffset: offset + 8, as: UInt64.self))
      third = Self.step(third, unsafe bytes.loadUnaligned(fromByteOffset: offset + 16, as: UInt64.self))
      fourth = Self.step(fourth, unsafe bytes.loadUnaligned(fromByteOffset: offset + 24, as: UInt64.self))
      offset += 32
    }
    while offset + 8 <= bytes.count {
      first = Self.step(first, unsafe bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
      offset += 8
    }
    var last: UInt64 = 0
    while offset < bytes.count {
      last = last << 8 | UInt64(unsafe bytes[offset])
      offset += 1
    }
    lanes = (Self.step(Self.step(first, last), UInt64(bytes.count)), second, third, fourth)
  }

  var value: UInt64 {
    Self.step(Self.step(Self.step(lanes.0, lanes.1), lanes.2), lanes.3)
  }
}

/// Bytes that are read or written and added to the checksum at once: they stay near the processor in between.
private let pieceByteCount = 1 << 18

/// Reads a file of arrays that `IndexFileWriter` wrote. Nothing of it counts before `finish`.
struct IndexFileReader: ~Copyable {
  private let descriptor: Int32
  /// What is not read yet, without the checksum at the end.
  private var restByteCount: Int
  private var checksum = IndexChecksum()

  deinit { close(descriptor) }

  private init(descriptor: Int32, byteCount: Int) {
    self.descriptor = descriptor
    restByteCount = byteCount
  }

  /// - Throws: `UnusableIndexFile`.
  static func open(_ path: String) throws -> IndexFileReader {
    // Whatever stands there is not waited for.
    let descriptor = unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
    guard descriptor >= 0 else { throw UnusableIndexFile() }
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
      status.st_size >= MemoryLayout<UInt64>.size
    else {
      close(descriptor)
      throw UnusableIndexFile()
    }
    return IndexFileReader(descriptor: descriptor, byteCount: Int(status.st_size) - MemoryLayout<UInt64>.size)
  }

  /// The next array, of `count` elements. `Element` is made of integers: any bytes are one.
  /// - Throws: `UnusableIndexFile` where the file does not have as many; nothing is allocated then.
  mutating func read<Element: BitwiseCopyable>(_ count: Int, as _: Element.Type = Element.self) throws -> [Element] {
    let (byteCount, isTooMany) = count.multipliedReportingOverflow(by: MemoryLayout<Element>.stride)
    guard count >= 0, !isTooMany, byteCount <= restByteCount else { throw UnusableIndexFile() }
    restByteCount -= byteCount
    return try unsafe [Element](unsafeUninitializedCapacity: count) { buffer, initializedCount in
      // There is room for `count` elements, at least.
      let bytes = unsafe UnsafeMutableRawBufferPointer(start: buffer.baseAddress, count: byteCount)
      for first in stride(from: 0, to: byteCount, by: pieceByteCount) {
        let piece = unsafe UnsafeMutableRawBufferPointer(
          rebasing: bytes[first..<min(first + pieceByteCount, byteCount)])
        try unsafe fill(piece)
        unsafe checksum.add(UnsafeRawBufferPointer(piece))
      }
      initializedCount = count
    }
  }

  private func fill(_ bytes: UnsafeMutableRawBufferPointer) throws {
    var filled = 0
    while filled < bytes.count {
      let count = unsafe Glibc.read(descriptor, bytes.baseAddress! + filled, bytes.count - filled)
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { throw UnusableIndexFile() }
      filled += count
    }
  }

  /// Checks that nothing is left and all was as it had been written.
  /// - Throws: `UnusableIndexFile`.
  mutating func finish() throws {
    guard restByteCount == 0 else { throw UnusableIndexFile() }
    let expected = checksum.value
    restByteCount = MemoryLayout<UInt64>.size
    guard try read(1, as: UInt64.self) == [expected] else { throw UnusableIndexFile() }
  }
}

/// Writes arrays to a file that appears under its name when it is whole. It is not made durable: who reads it sees
/// whether it is whole.
struct IndexFileWriter: ~Copyable {
  private let descriptor: Int32
  private let temporaryPath: String
  private var checksum = IndexChecksum()

  deinit {
    close(descriptor)
    // Not there any more where it got its name.
    unsafe unlink(temporaryPath)
  }

  private init(descriptor: Int32, temporaryPath: String) {
    self.descriptor = descriptor
    self.temporaryPath = temporaryPath
  }

  /// A new file, readable by its owner alone.
  /// - Throws: `UnusableIndexFile`.
  static func create(temporaryPath: String) throws -> IndexFileWriter {
    let descriptor = unsafe Glibc.open(temporaryPath, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw UnusableIndexFile() }
    return IndexFileWriter(descriptor: descriptor, temporaryPath: temporaryPath)
  }

  /// Writes the next array. `Element` is made of integers, without room between them.
  /// - Throws: `UnusableIndexFile`.
  mutating func write<Element: BitwiseCopyable>(_ elements: [Element]) throws {
    try unsafe elements.withUnsafeBytes { bytes in
      for first in stride(from: 0, to: bytes.count, by: pieceByteCount) {
        let piece = unsafe UnsafeRawBufferPointer(rebasing: bytes[first..<min(first + pieceByteCount, bytes.count)])
        unsafe checksum.add(piece)
        try unsafe put(piece)
      }
    }
  }

  private func put(_ bytes: UnsafeRawBufferPointer) throws {
    var written = 0
    while written < bytes.count {
      let count = unsafe Glibc.write(descriptor, bytes.baseAddress! + written, bytes.count - written)
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { throw UnusableIndexFile() }
      written += count
    }
  }

  /// Gives the file its name, in place of the one that has it.
  /// - Throws: `UnusableIndexFile`.
  mutating func finish(path: String) throws {
    try write([checksum.value])
    guard unsafe rename(temporaryPath, path) == 0 else { throw UnusableIndexFile() }
  }
}

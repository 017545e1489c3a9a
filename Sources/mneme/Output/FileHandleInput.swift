import Glibc

/// Standard input, whole.
enum FileHandleInput {
  /// Most bytes that are read.
  static let maxByteCount = 4 << 20

  /// All bytes up to the end or the bound.
  static func readAll() -> [UInt8] {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while bytes.count < maxByteCount {
      let count = buffer.withUnsafeMutableBytes { read(STDIN_FILENO, $0.baseAddress, $0.count) }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { break }
      bytes += buffer[..<count]
    }
    return bytes
  }
}

import EventLog
import Glibc

/// Headers as one blob: for each, name length (2 bytes, little-endian), name, value length (4 bytes), value.
enum HeaderCoding {
  /// Names and values together, as `ReadLimit` counts them.
  static func byteCount(_ headers: [LogHeader]) -> Int {
    headers.reduce(0) { $0 + $1.name.utf8.count + $1.value.count }
  }

  static func encode(_ headers: [LogHeader]) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(self.byteCount(headers) + 6 * headers.count)
    for header in headers {
      precondition(header.name.utf8.count <= UInt16.max, "a header's name has at most 65535 bytes")
      self.append(header.name.utf8.count, byteCount: 2, to: &bytes)
      bytes.append(contentsOf: header.name.utf8)
      self.append(header.value.count, byteCount: 4, to: &bytes)
      bytes.append(contentsOf: header.value)
    }
    return bytes
  }

  /// nil where the blob is damaged.
  static func decode(_ bytes: [UInt8]) -> [LogHeader]? {
    unsafe bytes.withUnsafeBytes { unsafe decode($0, like: []) }
  }

  /// The same of bytes in SQLite's memory. Headers that are the same as those of `known` at the same place are not made
  /// anew: most of a record's are the same as those of the record before it.
  static func decode(_ blob: UnsafeRawBufferPointer, like known: [LogHeader]) -> [LogHeader]? {
    var headers: [LogHeader] = []
    headers.reserveCapacity(known.count)
    var index = 0
    while index < blob.count {
      guard let nameCount = unsafe self.number(blob, at: index, byteCount: 2) else { return nil }
      let nameStart = index + 2
      let nameEnd = nameStart + nameCount
      guard let valueCount = unsafe self.number(blob, at: nameEnd, byteCount: 4) else { return nil }
      let valueStart = nameEnd + 4
      index = valueStart + valueCount
      guard index <= blob.count else { return nil }
      // Both ranges are within the blob, as `index` is, and they end before it.
      let name = unsafe UnsafeRawBufferPointer(rebasing: blob[nameStart..<nameEnd])
      let value = unsafe UnsafeRawBufferPointer(rebasing: blob[valueStart..<index])
      if headers.count < known.count, unsafe self.isSame(known[headers.count], name, value) {
        headers.append(known[headers.count])
      } else {
        headers.append(unsafe LogHeader(String(decoding: name, as: UTF8.self), bytes: Array(value)))
      }
    }
    return headers
  }

  private static func isSame(
    _ header: LogHeader, _ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer
  ) -> Bool {
    let hasName = unsafe header.name.utf8.withContiguousStorageIfAvailable { known in
      unsafe self.isEqual(UnsafeRawBufferPointer(known), name)
    }
    guard hasName == true else { return false }
    return unsafe header.value.withUnsafeBytes { unsafe self.isEqual($0, value) }
  }

  private static func isEqual(_ first: UnsafeRawBufferPointer, _ second: UnsafeRawBufferPointer) -> Bool {
    guard first.count == second.count else { return false }
    guard let start = first.baseAddress, let other = second.baseAddress else { return true }
    return unsafe memcmp(start, other, first.count) == 0
  }

  private static func append(_ number: Int, byteCount: Int, to bytes: inout [UInt8]) {
    for index in 0..<byteCount { bytes.append(UInt8(truncatingIfNeeded: number >> (8 * index))) }
  }

  private static func number(_ blob: UnsafeRawBufferPointer, at start: Int, byteCount: Int) -> Int? {
    guard start + byteCount <= blob.count else { return nil }
    var number = 0
    for index in (0..<byteCount).reversed() { number = unsafe number << 8 | Int(blob[start + index]) }
    return number
  }
}

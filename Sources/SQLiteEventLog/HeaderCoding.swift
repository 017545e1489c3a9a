import EventLog

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
    var headers: [LogHeader] = []
    var index = 0
    while index < bytes.count {
      guard let nameCount = self.number(bytes, at: index, byteCount: 2) else { return nil }
      let nameStart = index + 2
      let nameEnd = nameStart + nameCount
      guard let valueCount = self.number(bytes, at: nameEnd, byteCount: 4) else { return nil }
      let valueStart = nameEnd + 4
      guard valueStart + valueCount <= bytes.count else { return nil }
      headers.append(
        LogHeader(
          String(decoding: bytes[nameStart..<nameEnd], as: UTF8.self),
          bytes: Array(bytes[valueStart..<valueStart + valueCount])))
      index = valueStart + valueCount
    }
    return headers
  }

  private static func append(_ number: Int, byteCount: Int, to bytes: inout [UInt8]) {
    for index in 0..<byteCount { bytes.append(UInt8(truncatingIfNeeded: number >> (8 * index))) }
  }

  private static func number(_ bytes: [UInt8], at start: Int, byteCount: Int) -> Int? {
    guard start + byteCount <= bytes.count else { return nil }
    var number = 0
    for index in (0..<byteCount).reversed() { number = number << 8 | Int(bytes[start + index]) }
    return number
  }
}

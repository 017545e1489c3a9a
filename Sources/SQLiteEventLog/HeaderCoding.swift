import EventLog

/// Headers as one blob: for each, name length (2 bytes, little-endian), name, value length (4 bytes), value.
enum HeaderCoding {
  static func encode(_ headers: [LogHeader]) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(headers.reduce(0) { $0 + 6 + $1.name.utf8.count + $1.value.count })
    for header in headers {
      let name = Array(header.name.utf8)
      precondition(name.count <= UInt16.max, "a header's name has at most 65535 bytes")
      append(UInt32(name.count), byteCount: 2, to: &bytes)
      bytes += name
      append(UInt32(header.value.count), byteCount: 4, to: &bytes)
      bytes += header.value
    }
    return bytes
  }

  /// nil where the blob is damaged.
  static func decode(_ bytes: [UInt8]) -> [LogHeader]? {
    var headers: [LogHeader] = []
    var rest = bytes[...]
    while !rest.isEmpty {
      guard let nameCount = takeNumber(&rest, byteCount: 2), let name = take(&rest, count: nameCount),
        let valueCount = takeNumber(&rest, byteCount: 4), let value = take(&rest, count: valueCount)
      else { return nil }
      headers.append(LogHeader(String(decoding: name, as: UTF8.self), bytes: Array(value)))
    }
    return headers
  }

  private static func append(_ number: UInt32, byteCount: Int, to bytes: inout [UInt8]) {
    for index in 0..<byteCount { bytes.append(UInt8(truncatingIfNeeded: number >> (8 * index))) }
  }

  private static func take(_ bytes: inout ArraySlice<UInt8>, count: Int) -> ArraySlice<UInt8>? {
    guard bytes.count >= count else { return nil }
    defer { bytes = bytes.dropFirst(count) }
    return bytes.prefix(count)
  }

  private static func takeNumber(_ bytes: inout ArraySlice<UInt8>, byteCount: Int) -> Int? {
    guard let digits = take(&bytes, count: byteCount) else { return nil }
    return digits.reversed().reduce(0) { $0 << 8 | Int($1) }
  }
}

/// Headers of a record that was read, in order, in one piece of memory: a reader of many records looks at few of them,
/// and makes nothing of the others. Names may repeat.
public struct RecordHeaders: Hashable, Sendable {
  /// For each header: length of its name (2 bytes, little-endian), name, length of its value (4 bytes), value.
  public private(set) var bytes: [UInt8]

  private static let nameLengthByteCount = 2
  private static let valueLengthByteCount = 4

  /// Headers in that form, as `bytes` gave them; nil where that is damaged.
  public init?(bytes: [UInt8]) {
    var offset = 0
    while offset < bytes.count {
      guard let (_, value) = Self.placesIfWhole(ofHeaderAt: offset, in: bytes) else { return nil }
      offset = value.upperBound
    }
    self.bytes = bytes
  }

  /// The value of the first header `name`; nil where there is none. It makes nothing of the headers before it.
  public func value(of name: String) -> ArraySlice<UInt8>? {
    var offset = 0
    while offset < bytes.count {
      let (found, value) = Self.places(ofHeaderAt: offset, in: bytes)
      if bytes[found].elementsEqual(name.utf8) { return bytes[value] }
      offset = value.upperBound
    }
    return nil
  }

  /// Bytes of all names and values.
  public var contentByteCount: Int {
    var count = 0
    forEachPlace { count += $0.count + $1.count }
    return count
  }

  /// Calls `body` with the places of each header's name and value in `bytes`, in order.
  public func forEachPlace(_ body: (_ name: Range<Int>, _ value: Range<Int>) -> Void) {
    var offset = 0
    while offset < bytes.count {
      let (name, value) = Self.places(ofHeaderAt: offset, in: bytes)
      body(name, value)
      offset = value.upperBound
    }
  }

  // MARK: Places

  private static func length(at start: Int, byteCount: Int, in bytes: [UInt8]) -> Int {
    var length = 0
    for index in (start..<start + byteCount).reversed() { length = length << 8 | Int(bytes[index]) }
    return length
  }

  /// nil where the header does not end within `bytes`.
  private static func placesIfWhole(
    ofHeaderAt start: Int, in bytes: [UInt8]
  ) -> (name: Range<Int>, value: Range<Int>)? {
    let nameStart = start + nameLengthByteCount
    guard nameStart <= bytes.count else { return nil }
    let nameEnd = nameStart + length(at: start, byteCount: nameLengthByteCount, in: bytes)
    let valueStart = nameEnd + valueLengthByteCount
    guard valueStart <= bytes.count else { return nil }
    let valueEnd = valueStart + length(at: nameEnd, byteCount: valueLengthByteCount, in: bytes)
    guard valueEnd <= bytes.count else { return nil }
    return (nameStart..<nameEnd, valueStart..<valueEnd)
  }

  private static func places(ofHeaderAt start: Int, in bytes: [UInt8]) -> (name: Range<Int>, value: Range<Int>) {
    guard let places = placesIfWhole(ofHeaderAt: start, in: bytes) else {
      preconditionFailure("headers are whole since they were read or written")
    }
    return places
  }

  private static func encode(_ headers: some Collection<LogHeader>) -> [UInt8] {
    var bytes: [UInt8] = []
    let lengths = nameLengthByteCount + valueLengthByteCount
    bytes.reserveCapacity(headers.reduce(0) { $0 + $1.name.utf8.count + $1.value.count + lengths })
    for header in headers {
      precondition(header.name.utf8.count <= UInt16.max, "a header's name has at most 65535 bytes")
      append(header.name.utf8.count, byteCount: nameLengthByteCount, to: &bytes)
      bytes.append(contentsOf: header.name.utf8)
      append(header.value.count, byteCount: valueLengthByteCount, to: &bytes)
      bytes.append(contentsOf: header.value)
    }
    return bytes
  }

  private static func append(_ length: Int, byteCount: Int, to bytes: inout [UInt8]) {
    for index in 0..<byteCount { bytes.append(UInt8(truncatingIfNeeded: length >> (8 * index))) }
  }
}

extension RecordHeaders: RangeReplaceableCollection, ExpressibleByArrayLiteral {
  /// Where a header begins.
  public struct Index: Comparable, Sendable {
    fileprivate let offset: Int

    /// In order.
    public static func < (left: Self, right: Self) -> Bool { left.offset < right.offset }
  }

  /// No headers.
  public init() { bytes = [] }

  /// These headers.
  public init(arrayLiteral headers: LogHeader...) { self.init(headers) }

  /// The same headers.
  public init(_ headers: some Sequence<LogHeader>) { bytes = Self.encode(Array(headers)) }

  /// The first header, if there is any.
  public var startIndex: Index { Index(offset: 0) }
  /// After the last header.
  public var endIndex: Index { Index(offset: bytes.count) }
  /// The next header.
  public func index(after index: Index) -> Index {
    Index(offset: Self.places(ofHeaderAt: index.offset, in: bytes).value.upperBound)
  }

  /// The header at `index`, made anew.
  public subscript(index: Index) -> LogHeader {
    let (name, value) = Self.places(ofHeaderAt: index.offset, in: bytes)
    return LogHeader(String(decoding: bytes[name], as: UTF8.self), bytes: Array(bytes[value]))
  }

  /// Puts `headers` in place of those in `range`.
  public mutating func replaceSubrange(_ range: Range<Index>, with headers: some Collection<LogHeader>) {
    bytes.replaceSubrange(range.lowerBound.offset..<range.upperBound.offset, with: Self.encode(headers))
  }
}

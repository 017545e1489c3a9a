/// Reads the plain types of Kafka's protocol from bytes, big-endian; every read is nil where the bytes end too early.
public struct KafkaReader: Sendable {
  private let source: [UInt8]
  private var offset: Int

  /// A reader of `bytes` that starts at index `offset`.
  public init(_ bytes: [UInt8], from offset: Int = 0) {
    self.source = bytes
    self.offset = offset
  }

  /// The index of the next byte.
  var position: Int { self.offset }

  /// One byte, signed.
  public mutating func int8() -> Int8? { self.integer() }

  /// Two bytes, signed.
  public mutating func int16() -> Int16? { self.integer() }

  /// Four bytes, signed.
  public mutating func int32() -> Int32? { self.integer() }

  /// Eight bytes, signed.
  public mutating func int64() -> Int64? { self.integer() }

  /// A variable-length unsigned integer of up to 32 bits.
  public mutating func unsigned() -> UInt32? {
    var value: UInt32 = 0
    for shift in stride(from: 0, to: 35, by: 7) {
      guard let byte = self.int8().map(UInt8.init(bitPattern:)) else { return nil }
      value |= UInt32(byte & 0x7F) << UInt32(shift)
      if byte & 0x80 == 0 { return value }
    }
    return nil
  }

  /// A text with two bytes of length before it; null reads as the empty text.
  public mutating func string() -> String? {
    guard let length = self.int16() else { return nil }
    return self.bytes(max(0, Int(length))).map { String(decoding: $0, as: UTF8.self) }
  }

  /// A text with its length plus one as `unsigned` before it; null reads as the empty text.
  public mutating func compactString() -> String? {
    guard let length = self.unsigned() else { return nil }
    return self.bytes(max(0, Int(length) - 1)).map { String(decoding: $0, as: UTF8.self) }
  }

  /// A text with two bytes of length before it; the inner nil is null.
  mutating func nullableString() -> String?? {
    guard let length = self.int16() else { return nil }
    guard length >= 0 else { return .some(nil) }
    return self.bytes(Int(length)).map { String(decoding: $0, as: UTF8.self) }
  }

  /// Bytes with four bytes of length before them; null reads as none.
  mutating func sized() -> [UInt8]? {
    guard let length = self.int32() else { return nil }
    return self.bytes(Int(max(0, length))).map(Array.init)
  }

  /// The next byte, which stays the next one.
  func peek() -> UInt8? { self.offset < self.source.count ? self.source[self.offset] : nil }

  /// Passes tagged fields; false where the bytes end too early.
  mutating func skipTags() -> Bool {
    guard let count = self.unsigned() else { return false }
    for _ in 0..<count {
      guard self.unsigned() != nil, let length = self.unsigned(), self.skip(Int(length)) else { return false }
    }
    return true
  }

  /// The next `count` bytes.
  public mutating func bytes(_ count: Int) -> ArraySlice<UInt8>? {
    let start = self.offset
    return self.skip(count) ? self.source[start..<start + count] : nil
  }

  /// Moves on by `count` bytes; false, and no move, where there are not so many.
  public mutating func skip(_ count: Int) -> Bool {
    guard count >= 0, count <= self.source.count - self.offset else { return false }
    self.offset += count
    return true
  }

  private mutating func integer<Value: FixedWidthInteger>() -> Value? {
    let start = self.offset
    guard self.skip(Value.bitWidth / 8) else { return nil }
    var value: Value = 0
    for byte in self.source[start..<self.offset] {
      // Shifting a one-byte value by eight is not an overflow but zero, which is what is wanted.
      value = (value << 8) | Value(truncatingIfNeeded: byte)
    }
    return value
  }
}

/// Writes the plain types of Kafka's protocol, big-endian.
public struct KafkaWriter: Sendable {
  /// What has been written.
  public private(set) var bytes: [UInt8] = []

  /// Nothing written yet.
  public init() {}

  /// Appends an integer in its full width.
  public mutating func integer(_ value: some FixedWidthInteger) { self.bytes += Self.bigEndian(value) }

  /// Appends an integer in zigzag form with variable length, as inside record batches.
  public mutating func zigzag(_ value: Int) {
    self.unsigned(UInt64(bitPattern: Int64((value << 1) ^ (value >> 63))))
  }

  /// Appends a text with two bytes of length before it; nil is null.
  public mutating func string(_ text: String?) {
    self.integer(Int16(text?.utf8.count ?? -1))
    self.bytes += text.map { Array($0.utf8) } ?? []
  }

  /// Appends a text with its length plus one before it, as `unsigned` reads it.
  mutating func compactString(_ text: String) {
    self.unsigned(UInt64(text.utf8.count + 1))
    self.bytes += Array(text.utf8)
  }

  /// Appends the count of an array.
  mutating func count(_ count: Int, isCompact: Bool) {
    if isCompact { self.unsigned(UInt64(count + 1)) } else { self.integer(Int32(count)) }
  }

  private mutating func unsigned(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      self.bytes.append(UInt8(rest & 0x7F) | 0x80)
      rest >>= 7
    }
    self.bytes.append(UInt8(rest))
  }

  /// Appends bytes with four bytes of length before them.
  public mutating func sized(_ bytes: [UInt8]) {
    self.integer(Int32(bytes.count))
    self.bytes += bytes
  }

  /// Appends bytes as they are.
  public mutating func raw(_ bytes: [UInt8]) { self.bytes += bytes }

  static func bigEndian(_ value: some FixedWidthInteger) -> [UInt8] {
    withUnsafeBytes(of: value.bigEndian) { Array($0) }
  }
}

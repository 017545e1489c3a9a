extension Timestamp {
  /// Bytes of a description.
  package static let canonicalByteCount = 24

  /// Reads a description as it is always written, `2026-11-21T06:23:40.000Z`; nil where it is anything else, an instant
  /// in another form included.
  package init?(canonical text: ArraySlice<UInt8>) {
    guard text.count == Self.canonicalByteCount else { return nil }
    let start = text.startIndex
    func number(at offset: Int, digits: Int) -> Int {
      var value = 0
      for index in start + offset..<start + offset + digits {
        let digit = text[index] &- UInt8(ascii: "0")
        // Below the range of every member, and it stays there.
        guard digit < 10 else { return -1 }
        value = value * 10 + Int(digit)
      }
      return value
    }
    func has(_ byte: UInt8, at offset: Int) -> Bool { text[start + offset] == byte }
    guard has(UInt8(ascii: "-"), at: 4), has(UInt8(ascii: "-"), at: 7), has(UInt8(ascii: "T"), at: 10),
      has(UInt8(ascii: ":"), at: 13), has(UInt8(ascii: ":"), at: 16), has(UInt8(ascii: "."), at: 19),
      has(UInt8(ascii: "Z"), at: 23),
      let day = CivilDay(
        validYear: number(at: 0, digits: 4), month: number(at: 5, digits: 2), day: number(at: 8, digits: 2))
    else { return nil }
    let (hour, minute) = (number(at: 11, digits: 2), number(at: 14, digits: 2))
    let (second, millisecond) = (number(at: 17, digits: 2), number(at: 20, digits: 3))
    guard hour >= 0, hour < 24, minute >= 0, minute < 60, second >= 0, second < 60, millisecond >= 0 else {
      return nil
    }
    self.init(day, hour: hour, minute: minute, second: second, millisecond: millisecond)
  }
}

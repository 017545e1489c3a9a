/// FNV-1a of 64 bits (Fowler, Noll and Vo; RFC 9923 has the constants).
struct FNV1a {
  private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

  /// Takes one byte in; or more bits at once, where the value is compared with none but its own kind.
  mutating func add(_ bits: UInt64) { value = (value ^ bits) &* 0x100_0000_01b3 }

  /// Takes a word's key in, and how often it occurs.
  mutating func add(_ key: UInt32, occurrences: Int) { add(UInt64(key) << 32 ^ UInt64(occurrences)) }
}

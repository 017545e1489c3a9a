/// An address of the Internet Protocol: 4 bytes, or 16, in network order. Pure.
public struct NetworkAddress: Hashable, Sendable {
  /// The bytes, the first one first.
  public let bytes: [UInt8]

  /// The address of these bytes; nil where they are neither 4 nor 16.
  public init?(bytes: [UInt8]) {
    guard bytes.count == 4 || bytes.count == 16 else { return nil }
    self.bytes = bytes
  }

  /// Reads four decimal numbers with dots, or eight hexadecimal ones with colons, `::` for a run of zeros, the last two
  /// perhaps as four decimal ones; nil where it is anything else.
  public init?(_ text: String) {
    guard let bytes = text.contains(":") ? Self.six(text) : Self.four(text[...]) else { return nil }
    self.bytes = bytes
  }

  private static func four(_ text: Substring) -> [UInt8]? {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    let bytes = parts.compactMap { part in
      part.utf8.allSatisfy { (0x30...0x39).contains($0) } ? UInt8(part) : nil
    }
    return parts.count == 4 && bytes.count == 4 ? bytes : nil
  }

  private static func six(_ text: String) -> [UInt8]? {
    let halves = text.split(separator: "::", maxSplits: 2, omittingEmptySubsequences: false)
    guard halves.count <= 2 else { return nil }
    guard halves.count == 2 else { return groups(halves[0], mayEndInFour: true).flatMap { $0.count == 16 ? $0 : nil } }
    guard let head = groups(halves[0], mayEndInFour: false), let tail = groups(halves[1], mayEndInFour: true),
      head.count + tail.count <= 14
    else { return nil }
    return head + [UInt8](repeating: 0, count: 16 - head.count - tail.count) + tail
  }

  private static func groups(_ text: Substring, mayEndInFour: Bool) -> [UInt8]? {
    guard !text.isEmpty else { return [] }
    var bytes: [UInt8] = []
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    for (index, part) in parts.enumerated() {
      if part.contains("."), mayEndInFour, index == parts.count - 1, let last = four(part) {
        bytes += last
      } else if (1...4).contains(part.utf8.count), let group = UInt16(part, radix: 16), part.first != "+" {
        bytes += [UInt8(group >> 8), UInt8(group & 0xff)]
      } else {
        return nil
      }
    }
    return bytes
  }

  /// Whether it stands for somebody out on the Internet: a global unicast address that is set aside for nothing, by
  /// IANA's special-purpose registries. Those that carry an IPv4 address within (mapped, compatible, NAT64, 6to4) are
  /// as public as that one is; Teredo, which hides it, is not.
  public var isPublic: Bool {
    bytes.count == 4 ? Self.isPublic(four: bytes) : Self.isPublic(six: bytes)
  }

  /// Networks of IPv4 that are not the Internet's.
  private static let reservedFour: [(prefix: [UInt8], bitCount: Int)] = [
    ([0], 8), ([10], 8), ([100, 64], 10), ([127], 8), ([169, 254], 16), ([172, 16], 12), ([192, 0, 0], 24),
    ([192, 0, 2], 24), ([192, 31, 196], 24), ([192, 52, 193], 24), ([192, 88, 99], 24), ([192, 168], 16),
    ([192, 175, 48], 24), ([198, 18], 15), ([198, 51, 100], 24), ([203, 0, 113], 24), ([224], 3),
  ]

  /// Networks of IPv6's global unicast space that are not the Internet's: protocol assignments (with Teredo),
  /// documentation twice, and direct delegation.
  private static let reservedSix: [(prefix: [UInt8], bitCount: Int)] = [
    ([0x20, 0x01, 0x00], 23), ([0x20, 0x01, 0x0d, 0xb8], 32), ([0x3f, 0xff], 20), ([0x26, 0x20, 0, 0x4f, 0x80, 0], 48),
  ]

  private static func isPublic(four bytes: [UInt8]) -> Bool {
    !reservedFour.contains { contains(bytes, $0.prefix, bitCount: $0.bitCount) }
  }

  private static func isPublic(six bytes: [UInt8]) -> Bool {
    // ::ffff:a.b.c.d and ::a.b.c.d, whereby :: and ::1 are 0.0.0.0 and 0.0.0.1; 64:ff9b::a.b.c.d.
    let isMapped = bytes[0..<10].allSatisfy { $0 == 0 } && [[0, 0], [0xff, 0xff]].contains(Array(bytes[10..<12]))
    let isNAT64 = bytes[0..<12] == [0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0]
    if isMapped || isNAT64 { return isPublic(four: Array(bytes[12...])) }
    if bytes[0] == 0x20, bytes[1] == 0x02 { return isPublic(four: Array(bytes[2..<6])) }
    // Global unicast is 2000::/3; what is outside is link-local, unique local, multicast, or nobody's.
    guard contains(bytes, [0x20], bitCount: 3) else { return false }
    return !reservedSix.contains { contains(bytes, $0.prefix, bitCount: $0.bitCount) }
  }

  private static func contains(_ bytes: [UInt8], _ prefix: [UInt8], bitCount: Int) -> Bool {
    for index in 0..<(bitCount + 7) / 8 {
      let mask = UInt8(truncatingIfNeeded: 0xff00 >> min(8, bitCount - 8 * index))
      let wanted = index < prefix.count ? prefix[index] : 0
      guard bytes[index] & mask == wanted & mask else { return false }
    }
    return true
  }
}

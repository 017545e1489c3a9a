/// Where the context of a memory stands among the others: how far from it, in up to eight bytes, the first one lowest;
/// all ones where there is more, or where it is farther away.
struct ContextDistances: Sendable, BitwiseCopyable {
  private var distances: UInt64

  private static let elsewhere = UInt64.max

  /// Of nothing.
  static let none = ContextDistances([], from: 0)

  /// Of `others`, as seen from `place`.
  init(_ others: [Int], from place: Int) {
    let bytes = others.compactMap { Int8(exactly: $0 - place) }
    guard bytes.count == others.count, bytes.count <= MemoryLayout<UInt64>.size else {
      distances = Self.elsewhere
      return
    }
    distances = bytes.reversed().reduce(0) { $0 << 8 | UInt64(UInt8(bitPattern: $1)) }
  }

  /// How far the farthest of it is; nil where it has to be looked for.
  var reach: Int? {
    guard !isElsewhere else { return nil }
    var reach = 0
    forEach(from: 0) { reach = max(reach, abs($0)) }
    return reach
  }

  /// Whether it has to be looked for.
  var isElsewhere: Bool { distances == Self.elsewhere }

  /// Takes the next place off, as seen from `place`; nil where there is none left. It is not to be looked for.
  @inline(__always)
  mutating func next(from place: Int) -> Int? {
    guard distances != 0 else { return nil }
    defer { distances >>= 8 }
    return place + Int(Int8(truncatingIfNeeded: distances))
  }

  /// Calls `body` with each place, as seen from `place`.
  @inline(__always)
  func forEach(from place: Int, _ body: (Int) -> Void) {
    var rest = self
    while let other = rest.next(from: place) { body(other) }
  }

  /// Whether all places are in `range`.
  func isWithin(_ range: Range<Int>, from place: Int) -> Bool {
    guard !isElsewhere else { return true }
    var isWithin = true
    forEach(from: place) { isWithin = isWithin && range.contains($0) }
    return isWithin
  }
}

import MnemeCore

/// How far the turns topic must have been processed: a write returns one, a read may ask to wait for it.
/// Its text is opaque to callers: `partition.offset` for each partition, joined by `-`.
struct Position: Hashable, Sendable, CustomStringConvertible {
  /// Name of the header that carries a write's position.
  static let header = "X-Mneme-Position"
  /// Longest text that is read, in bytes.
  static let maxByteCount = 8192

  /// The offset to be reached, for each partition.
  private(set) var offsets: [Int: Int64] = [:]

  /// A position that everything has reached.
  init() {}

  /// Reads a text that `description` wrote; nil where it is anything else.
  init?(_ text: String) {
    guard text.utf8.count <= Self.maxByteCount else { return nil }
    for part in text.split(separator: "-", omittingEmptySubsequences: false) {
      let sides = part.split(separator: ".", omittingEmptySubsequences: false)
      guard sides.count == 2, let partition = Self.number(sides[0]), let offset = Self.number(sides[1]),
        partition <= Int64(Int32.max)
      else { return nil }
      self.include(partition: Int(partition), offset: offset)
    }
  }

  private static func number(_ text: Substring) -> Int64? {
    text.utf8.allSatisfy { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") } ? Int64(text) : nil
  }

  /// Moves on to `offset` of `partition`, where it is not that far yet.
  mutating func include(partition: Int, offset: Int64) {
    self.offsets[partition] = max(offset, self.offsets[partition] ?? 0)
  }

  var description: String {
    self.offsets.sorted { $0.key < $1.key }.map { "\($0.key).\($0.value)" }.joined(separator: "-")
  }
}

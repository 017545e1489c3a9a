import FoundationEssentials
import GRDB
import MnemeCore

/// The words of a memory as its row has them: a key of 32 bits for each, in order, repeated as often as the word
/// occurs.
///
/// Two words share a key once in four billion pairs: among the 20,000 different words of a large owner, one query in
/// 200,000 meets a word that is taken for another.
struct WordKeys: Sendable {
  /// Rising; each in four bytes, the lowest first.
  let bytes: [UInt8]

  /// How many words.
  var count: Int { bytes.count / Self.keyByteCount }

  private static let keyByteCount = 4

  /// What a row has.
  init(bytes: [UInt8]) { self.bytes = bytes }

  /// The keys of words in any order.
  init(_ keys: [UInt32]) {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(keys.count * Self.keyByteCount)
    for key in keys.sorted() {
      for shift in [0, 8, 16, 24] as [UInt32] { bytes.append(UInt8(truncatingIfNeeded: key >> shift)) }
    }
    self.bytes = bytes
  }

  /// The key of a word: FNV-1a of 64 bits, folded to 32
  /// (Fowler, Noll and Vo; RFC 9923 has the constants and the folding).
  static func key(of word: some Sequence<UInt8>) -> UInt32 {
    var hash = FNV1a()
    for byte in word { hash.add(UInt64(byte)) }
    return UInt32(truncatingIfNeeded: hash.value ^ hash.value >> 32)
  }

  /// The key of a stem of `language`, which tells that it is of that one.
  static func key(of stem: UnsafeRawBufferPointer, in language: TextLanguage) -> UInt32 {
    var hash = FNV1a()
    language.code.withUTF8Buffer { code in
      for index in 0..<code.count { unsafe hash.add(UInt64(code[index])) }
    }
    // No word has it.
    hash.add(0x3A)
    for index in 0..<stem.count { unsafe hash.add(UInt64(stem[index])) }
    return UInt32(truncatingIfNeeded: hash.value ^ hash.value >> 32)
  }

  /// Calls `body` with each key of the column `index`, and how often its word occurs. Returns how many words there are.
  static func forEach(_ row: Row, at index: Int, _ body: (_ key: UInt32, _ occurrences: Int) -> Void) throws -> Int {
    try row.withUnsafeData(atIndex: index) { data in
      guard let data else { return 0 }
      return unsafe data.withUnsafeBytes { bytes in unsafe forEach(bytes, body) }
    }
  }

  /// Calls `body` with each key, and how often its word occurs.
  func forEachKey(_ body: (_ key: UInt32, _ occurrences: Int) -> Void) {
    _ = unsafe bytes.withUnsafeBytes { bytes in unsafe Self.forEach(bytes, body) }
  }

  private static func forEach(_ bytes: UnsafeRawBufferPointer, _ body: (UInt32, Int) -> Void) -> Int {
    let count = bytes.count / keyByteCount
    var index = 0
    while index < count {
      let key = unsafe key(bytes, index)
      var end = index + 1
      while end < count, unsafe self.key(bytes, end) == key { end += 1 }
      body(key, end - index)
      index = end
    }
    return count
  }

  private static func key(_ bytes: UnsafeRawBufferPointer, _ index: Int) -> UInt32 {
    UInt32(littleEndian: unsafe bytes.loadUnaligned(fromByteOffset: index * keyByteCount, as: UInt32.self))
  }
}

/// Takes contractions apart: I'm → I am, don't → do not, Anna's → Anna 's.
enum Contractions {
  /// A part of a written word, and the word that it stands for where that differs.
  struct Part {
    var range: Range<Int>
    var word: String?
  }

  /// Endings with their apostrophe, and what they stand for.
  private static let endings: [(ending: [UInt8], word: String)] = [
    ("n't", "not"), ("'m", "am"), ("'re", "are"), ("'ve", "have"), ("'ll", "will"), ("'d", "would"), ("'s", "'s"),
  ].map { (Array($0.utf8), $1) }

  /// Words written without their apostrophe: where to cut, and what the parts stand for.
  private static let bare: [String: (cut: Int, first: String, second: String)] = [
    "im": (1, "i", "am"), "ive": (1, "i", "have"), "dont": (2, "do", "not"), "doesnt": (4, "does", "not"),
    "didnt": (3, "did", "not"), "cant": (2, "can", "not"), "wont": (2, "will", "not"), "isnt": (2, "is", "not"),
    "arent": (3, "are", "not"), "wasnt": (3, "was", "not"), "havent": (4, "have", "not"), "youre": (3, "you", "are"),
    "theyre": (4, "they", "are"), "thats": (4, "that", "'s"), "cannot": (3, "can", "not"),
  ]

  /// The stems of `…n't` that are not words by themselves.
  private static let stems = ["ca": "can", "wo": "will", "sha": "shall"]

  private static let longestBare = 6

  /// The parts of the word at `range`; one part for most words.
  static func split(_ range: Range<Int>, of bytes: [UInt8]) -> [Part] {
    if range.count <= longestBare, range.count > 1, let parts = splitBare(range, of: bytes) { return parts }
    guard let (cut, word) = ending(of: range, in: bytes) else { return [Part(range: range)] }
    let stem = range.lowerBound..<cut
    let stemWord = word == "not" ? stems[lowercased(bytes[stem])] : nil
    return [Part(range: stem, word: stemWord), Part(range: cut..<range.upperBound, word: word)]
  }

  private static func splitBare(_ range: Range<Int>, of bytes: [UInt8]) -> [Part]? {
    // Only these begin one of the words above.
    guard "idcwahyt".utf8.contains(ASCII.lowercased(bytes[range.lowerBound])),
      let found = bare[lowercased(bytes[range])]
    else { return nil }
    let cut = range.lowerBound + found.cut
    return [
      Part(range: range.lowerBound..<cut, word: found.first),
      Part(range: cut..<range.upperBound, word: found.second),
    ]
  }

  private static func ending(of range: Range<Int>, in bytes: [UInt8]) -> (cut: Int, word: String)? {
    for (ending, word) in endings {
      if let length = matchLength(ending, endOf: range, in: bytes), length < range.count {
        return (range.upperBound - length, word)
      }
    }
    return nil
  }

  /// How many bytes `ending` takes at the end of the word, where `'` also stands for `’`; nil where it does not match.
  private static func matchLength(_ ending: [UInt8], endOf range: Range<Int>, in bytes: [UInt8]) -> Int? {
    var at = range.upperBound
    for wanted in ending.reversed() {
      if wanted == UInt8(ascii: "'"), at - 3 >= range.lowerBound, bytes[at - 1] == 0x99, bytes[at - 2] == 0x80,
        bytes[at - 3] == 0xe2
      {
        at -= 3
      } else if at > range.lowerBound, ASCII.lowercased(bytes[at - 1]) == wanted {
        at -= 1
      } else {
        return nil
      }
    }
    return range.upperBound - at
  }

  private static func lowercased(_ bytes: ArraySlice<UInt8>) -> String {
    String(decoding: bytes.map(ASCII.lowercased), as: UTF8.self)
  }
}

import GRDB
import MnemeCore

@testable import MnemeProjection

extension WordKeys {
  /// Each key as often as its word occurs, in order.
  var all: [UInt32] {
    var all: [UInt32] = []
    forEachKey { key, occurrences in all += repeatElement(key, count: occurrences) }
    return all
  }
}

extension WordTokenizer {
  /// The keys of the words of `text` in their order, repeated as often as they occur.
  func allKeys(of text: String) throws -> [UInt32] {
    var (text, keys): (String, [UInt32]) = (text, [])
    try text.withUTF8 { text in
      let text = UnsafeRawBufferPointer(text)
      try forEachKey(of: text, in: TextLanguage.detect(text)) { keys.append($0) }
    }
    return keys
  }

  /// The words of `text` as texts in English have them.
  func words(of text: String) throws -> [[UInt8]] { try askedWords(of: text).map(\.english) }
}

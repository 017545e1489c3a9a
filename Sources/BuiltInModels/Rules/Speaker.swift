/// Who says a message, and what of it is theirs.
struct Speaker: Sendable {
  /// The speaker's name, where one is known.
  var name: String?
  /// Who a fact says it is from.
  var actor: String
  /// The words themselves, without a name in front.
  var content: Substring

  /// Longest name in front of a message, in words and in bytes.
  private static let maxNameWords = 3
  private static let maxNameBytes = 40

  /// The speaker of a message; nil for messages that tell nothing about anyone: those of the system, of tools, and of
  /// an assistant without a name.
  init?(role: String, name: String?, content: String, lexicon: Lexicon) {
    let role = role.lowercased()
    guard role != "system", role != "tool", role != "function", role != "developer" else { return nil }
    let given = name.flatMap { $0.isEmpty ? nil : $0 }
    if role == "assistant", given == nil { return nil }
    let prefix = Self.namePrefix(of: content, lexicon: lexicon)
    self.content = prefix.map { content[$0.end...] } ?? content[...]
    self.name = given ?? prefix?.name
    self.actor = self.name ?? role
  }

  /// `Caroline: …`: one to three capitalised words that the rules do not know, then a colon and a space.
  private static func namePrefix(of content: String, lexicon: Lexicon) -> (name: String, end: String.Index)? {
    let head = content.utf8.prefix(maxNameBytes)
    guard let colon = head.firstIndex(of: UInt8(ascii: ":")) else { return nil }
    let after = content.utf8.index(after: colon)
    guard after < content.utf8.endIndex, content.utf8[after] == 32 else { return nil }
    let name = String(content[..<colon])
    let words = name.split(separator: " ", omittingEmptySubsequences: false)
    guard (1...maxNameWords).contains(words.count), words.allSatisfy({ isNameWord($0, lexicon) }) else { return nil }
    return (name, after)
  }

  private static func isNameWord(_ word: Substring, _ lexicon: Lexicon) -> Bool {
    let bytes = Array(word.utf8)
    guard let first = bytes.first, ASCII.isUpper(first) || first >= 0xc3 else { return false }
    return bytes.allSatisfy { ASCII.isLetter($0) || $0 >= 0x80 || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".") }
      && lexicon.id(of: bytes[...]) == 0
  }
}

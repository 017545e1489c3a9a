/// An owner's own name in a question about that owner.
///
/// Every memory of Alex is about Alex: in a question to Alex's memories the name tells nothing apart, yet it would
/// draw the
/// one memory that spells it ("Name is Alex") to the top of every answer. Texts of memories say "User" or leave the
/// subject out, so the question is put the same way.
public enum SelfReference {
  /// `query` with each of `names` replaced by "the user"; as it was where nothing else would be left of it.
  /// Names are compared as whole words, without regard to case; a possessive stays one.
  public static func neutral(_ query: String, names: [String]) -> String {
    let own = Set(
      names.flatMap { name in [name, name.split(separator: " ").first.map(String.init) ?? name] }
        .map { NormalizedText.of($0).split(separator: " ").map(String.init) }.filter { !$0.isEmpty })
    guard !own.isEmpty else { return query }
    let words = query.split(separator: " ", omittingEmptySubsequences: false).map(Word.init)
    var result: [String] = []
    var index = 0
    var othersCount = 0
    while index < words.count {
      if let length = own.map(\.count).sorted(by: >).first(where: { matches(words[index...].prefix($0), own) }) {
        let last = words[index + length - 1]
        result.append("the user" + last.possessive + last.tail)
        index += length
      } else {
        if !words[index].core.isEmpty { othersCount += 1 }
        result.append(String(words[index].text))
        index += 1
      }
    }
    return othersCount == 0 ? query : result.joined(separator: " ")
  }

  private static func matches(_ words: ArraySlice<Word>, _ names: Set<[String]>) -> Bool {
    names.contains(words.map(\.core))
  }

  /// A word of a query: what it is without marks, its possessive ending, and the marks after it.
  private struct Word {
    let text: Substring
    let core: String
    let possessive: String
    let tail: String

    init(_ text: Substring) {
      self.text = text
      let bare = text.prefix { $0.isLetter || $0.isNumber || $0 == "'" || $0 == "\u{2019}" || $0 == "-" }
      let isPossessive = ["'s", "\u{2019}s"].contains { bare.hasSuffix($0) }
      self.core = NormalizedText.of(String(isPossessive ? bare.dropLast(2) : bare))
      self.possessive = isPossessive ? "'s" : ""
      self.tail = String(text.dropFirst(bare.count))
    }
  }
}

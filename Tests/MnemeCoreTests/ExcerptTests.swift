import Testing

@testable import MnemeCore

@Suite struct ExcerptTests {
  @Test(arguments: [
    ("", 0), (" ", 0), ("tea", 1), ("Caroline", 3), ("likes tea", 3), ("2023-05-07", 10), ("[12] x", 5), ("a\nb", 3),
    ("McDonald", 3), ("GPT", 1), ("café", 3), ("привет", 9), ("東京", 4), ("नमस्ते", 12), ("😀", 3), ("aBcD", 3),
  ])
  func aTextHasSoManyTokens(_ text: String, _ count: Int) {
    #expect(TokenEstimate.count(text) == count)
  }

  @Test(arguments: [
    ("One. Two! Three? Four", ["One.", "Two!", "Three?", "Four"]),
    ("It costs 3.50 at www.a.org. \"Really?\" she said", ["It costs 3.50 at www.a.org.", "\"Really?\"", "she said"]),
    ("first line\n\n second\tline \r\n", ["first line", "second line"]),
    ("東京に行く。楽しい！「本当？」はい", ["東京に行く。", "楽しい！", "「本当？」", "はい"]),
    ("Wait... what\u{2026} ok", ["Wait...", "what\u{2026}", "ok"]),
    ("", []), (" \n\u{0}\n", []), ("a\u{0}b", ["a b"]),
  ])
  func aTextIsSplitIntoSentences(_ text: String, _ passages: [String]) {
    #expect(Passages.split(text, maxTokenCount: 1000) == passages)
  }

  static func excerpt(_ text: String, _ room: Int) -> Excerpt {
    Excerpt(of: text, asked: AskedWords("tea in Lisbon"), weights: ["tea": 2, "lisbon": 3], maxTokenCount: room)
  }

  @Test(arguments: [
    ("I like tea.", 40, "I like tea.", true),
    ("Hello there my friend. I like tea. How are you doing today?", 12, "… I like tea. …", false),
    ("I like tea. And also coffee, cake and bread. I went to Lisbon.", 18, "I like tea. … I went to Lisbon.", false),
    ("Nothing of it. Is here at all. Not even so.", 14, "Nothing of it. Is here at all. …", false),
    ("one two three four five six seven eight nine ten tea", 10, "… ten tea", false),
  ])
  func theBestSentencesAreChosen(_ text: String, _ room: Int, _ expected: String, _ isWhole: Bool) {
    let excerpt = Self.excerpt(text, room)
    #expect(excerpt.text == expected)
    #expect(excerpt.isWhole == isWhole)
  }

  /// A text of random parts of several scripts, marks and white space.
  static func text(_ random: inout SplitMix64, partCount: Int) -> String {
    let parts = [
      "tea", "Lisbon", "Caroline", "went", "2023-05-07", "supercalifragilisticexpialidocious", "東京に行く", "привет",
      "😀", "कैरोलिन", ".", "!", "?", "。", "\n", "\u{0}", "\t", "[3]", "Messages:", "e\u{301}\u{301}", "\u{202E}", "x",
    ]
    return (0..<partCount).map { _ in
      parts[random.below(parts.count)] + (random.below(3) == 0 ? "" : " ")
    }.joined()
  }

  @Test(arguments: 0..<300)
  func anExcerptIsWithinItsRoomAndHoldsNothingElse(seed: Int) {
    var random = SplitMix64(seed: UInt64(seed))
    let text = Self.text(&random, partCount: random.below(90))
    let room = 12 + random.below(80)
    let excerpt = Self.excerpt(text, room)
    #expect(TokenEstimate.count(excerpt.text) <= room)
    #expect(excerpt.text.split(whereSeparator: \.isNewline).count <= 1)
    for word in excerpt.text.split(separator: " ") where word != Excerpt.ellipsis {
      #expect(text.unicodeScalars.contains(word.unicodeScalars), "\(word)")
    }
  }

  @Test func aTextBeyondTheBoundIsReadUpToIt() {
    let text = String(repeating: "é", count: Passages.maxTextByteCount) + " tea"
    let excerpt = Self.excerpt(text, 40)
    #expect(!excerpt.isWhole && !excerpt.text.isEmpty && TokenEstimate.count(excerpt.text) <= 40)
  }
}

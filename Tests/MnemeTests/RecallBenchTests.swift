import Foundation
import MnemeCore
import MnemeTesting
import Testing

@testable import mneme

/// What `mneme bench recall` reads, and how it counts.
@Suite struct RecallBenchTests {
  private func write(_ text: String, _ path: String) throws {
    try FileManager.default.createDirectory(
      atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
    try Data(text.utf8).write(to: URL(filePath: path))
  }

  @Test func labelsOfLoCoMoAreReadAlsoWhereTheyAreMalformed() throws {
    let folder = TemporaryFolder()
    defer { folder.remove() }
    func turn(_ id: String) -> String { #"{"dia_id": "\#(id)", "speaker": "Ann", "text": "t"}"# }
    try write(
      """
      [{"sample_id": "c", "conversation": {
        "session_1_date_time": "1:56 pm on 8 May, 2023", "session_1": [\(turn("D1:1")), \(turn("D1:2"))],
        "session_11_date_time": "9:05 am on 1 June, 2023", "session_11": [\(turn("D11:26"))],
        "speaker_a": "Ann", "speaker_b": "Bo", "a": 0, "b": 0, "c": 0, "d": 0, "e": 0, "f": 0},
       "qa": [
         {"question": "two in one", "category": 1, "evidence": ["D1:1; D11:26"]},
         {"question": "a colon too many", "category": 4, "evidence": ["D:11:26"]},
         {"question": "leading zeros", "category": 2, "evidence": ["D01:02"]},
         {"question": "no evidence", "category": 3, "evidence": []},
         {"question": "unknown evidence", "category": 3, "evidence": ["D7:7"]},
         {"question": "adversarial", "category": 5, "evidence": ["D1:1"]}]}]
      """, folder.path + "/locomo.json")
    try write(
      #"[{"sample_id": "c", "qa_index": 2, "correct_evidence": ["D1:1"]}]"#, folder.path + "/locomo_audit.json")
    let corpus = try RecallCorpus.locomo(folder: folder.path)
    let conversation = try #require(corpus.conversations.first)
    #expect(conversation.sessions.map { $0.map(\.id) } == [["D1:1", "D1:2"], ["D11:26"]])
    #expect(conversation.sessions[0][1].time.description.hasPrefix("2023-05-08T13:56:01"))
    #expect(
      conversation.questions.map(\.evidence) == [["D1:1", "D11:26"], ["D11:26"], ["D1:2"]])
    #expect(conversation.questions.map(\.auditedEvidence) == [["D1:1", "D11:26"], ["D11:26"], ["D1:1"]])
    #expect(conversation.questions.map(\.category) == ["multi-hop", "single-hop", "temporal"])
  }

  @Test(
    arguments: [
      (.meaning, ["words", "meaning"]), (.words, ["meaning", "words"]), (.person, ["meaning", "words"]),
      (.age, ["meaning", "words"]), (.repetition, ["words", "meaning"]), (.meaningAround, ["meaning", "words"]),
    ] as [(RecallSignal, [String])])
  func hitsStandAsTheyWouldWithoutASignal(_ signal: RecallSignal, _ expected: [String]) {
    func hit(_ name: String, _ explain: [String: JSONValue]) -> JSONValue {
      ["memory": .string(name), "explain": .object(explain)]
    }
    let hits = [
      hit("meaning", ["cosine": .double(0.8), "context_cosine": .null, "keywords": .int(0), "freshness": .int(1)]),
      hit("words", ["cosine": .null, "keywords": .int(1), "person": .bool(true), "repetition": .double(0.5)]),
    ]
    #expect(signal.leftOut(of: hits).compactMap { $0["memory"]?.stringValue } == expected)
  }

  @Test func chatsOfBEAMAreRead() throws {
    let folder = TemporaryFolder()
    defer { folder.remove() }
    try write(
      """
      [{"batch_number": 1, "turns": [[
         {"role": "user", "id": 0, "time_anchor": "March-15-2024", "content": "I like tea ->-> 1,1"},
         {"role": "assistant", "id": 1, "content": "a -> b"}]]},
       {"batch_number": 2, "turns": [[{"role": "user", "id": 2, "content": "and coffee"}]]}]
      """, folder.path + "/3/chat.json")
    try write(
      """
      {"abstention": [{"question": "x", "source_chat_ids": [0]}],
       "knowledge_update": [{"question": "y", "answer": 7, "source_chat_ids": {"original_info": [0], "updated_info": [[2], 9]}}]}
      """, folder.path + "/3/probing_questions.json")
    let conversation = try #require(try RecallCorpus.beam(folder: folder.path).conversations.first)
    #expect(conversation.sessions.map { $0.map(\.text) } == [["I like tea", "a -> b"], ["and coffee"]])
    #expect(conversation.sessions[1][0].time.description.hasPrefix("2024-03-15T00:00:02"))
    #expect(conversation.questions.map(\.category) == ["knowledge_update"])
    #expect(conversation.questions.map(\.evidence) == [["0", "2"]])
    #expect(conversation.questions.map(\.answer) == ["7"])
  }

  @Test func aScoreCountsTheShareOfTheEvidence() {
    let turns = ["x", "a"] + (0..<7).map { "y\($0)" } + ["b", "c"]
    let score = RecallScore(conversation: 0, category: "k", turns: turns, evidence: ["a", "b", "c", "d"])
    #expect(score.recall == [0, 0.25, 0.5, 0.75])
    #expect(score.reciprocalRank == 0.5)
    let nothing = RecallScore(conversation: 1, category: "k", turns: [], evidence: ["a"])
    #expect(nothing.recall == [0, 0, 0, 0] && nothing.reciprocalRank == 0)
    let row = RecallRow("all", [score, nothing], conversationCount: 2)
    #expect(row.recall["10"] == 0.25 && row.mrr == 0.25 && row.interval == [0, 0.5])
  }

  @Test func aContextIsScoredByTheAnswersWordsInItsFirstThreeHundred() throws {
    let filler = String(repeating: "word ", count: 298)
    let score = try #require(
      ContextScore(
        conversation: 0, category: "k", text: filler + "Adopted two kittens", answer: "the adoption of 2 kittens"))
    #expect(score.wordCount == 301)
    // "adopt" of adopt, 2 and kitten: the kittens come too late.
    #expect(abs(score.share - 1.0 / 3) < 1e-9)
    #expect(ContextScore(conversation: 0, category: "k", text: "tea", answer: "of the") == nil)
    let other = try #require(ContextScore(conversation: 1, category: "k", text: "tea", answer: "tea"))
    let row = ContextRow("k", [score, other], conversationCount: 2)
    #expect(row.questions == 2 && abs(row.share - 2.0 / 3) < 1e-9 && row.shortShare == 0.5 && row.meanWords == 151)
    #expect(ContextRow("k", [], conversationCount: 1).share == 0)
  }
}

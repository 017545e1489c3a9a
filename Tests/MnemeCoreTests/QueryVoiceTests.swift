import MnemeCore
import Testing

@Suite struct QueryVoiceTests {
  @Test(
    arguments: [
      ("What did Caroline research?", ["Caroline", "Melanie"], "What did I research?"),
      ("When is Melanie's birthday?", ["Caroline", "Melanie"], "When is my birthday?"),
      ("When is Melanie\u{2019}s birthday?", ["Melanie"], "When is my birthday?"),
      ("What do Caroline and Melanie like", ["Caroline", "Melanie"], "What do I and I like"),
      ("Where does \"Caroline\", the nurse, live?", ["Caroline"], "Where does \"I\", the nurse, live?"),
      ("Where does Ana Maria Lopez work?", ["Ana Maria Lopez"], "Where does I work?"),
      ("Where does Ana work?", ["Ana Maria Lopez"], "Where does I work?"),
      ("Will it rain in May?", ["Caroline"], nil),
      ("will you come", ["Will"], nil),
      ("What does A like?", ["A"], nil),
      ("Caroline?", ["Caroline"], nil),
      ("What did Caroline research?", ["user", "assistant"], nil),
      ("What did Caroline research?", [], nil),
      ("", ["Caroline"], nil),
    ] as [(String, [String], String?)])
  func aQuestionIsPutInTheFirstPerson(_ query: String, _ actors: [String], _ expected: String?) {
    let voice = QueryVoice(query, ownNames: [], actors: actors)
    #expect(voice.firstPerson == expected)
    #expect(voice.neutral == query)
    #expect(voice.texts == [query] + (expected.map { [$0] } ?? []))
  }

  @Test func theOwnersNameIsFirstPersonOnlyWhereMessagesAreKept() {
    let kept = QueryVoice("Where does Alex live?", ownNames: ["Alex"], actors: ["user", "assistant"])
    #expect(kept.neutral == "Where does the user live?" && kept.firstPerson == "Where does I live?")
    #expect(QueryVoice("Where does Alex live?", ownNames: ["Alex"], actors: []).firstPerson == nil)
  }

  @Test(
    arguments: [
      ("What did Caroline research?", .named(["Caroline"])),
      ("Caroline's and Melanie's plans", .named(["Caroline", "Melanie"])),
      ("What did I research?", .people),
      ("Can you help me with tea?", .people),
      ("Would you need tea?", .people),
      ("What did you suggest?", .everyone),
      ("the tea that you recommended", .everyone),
      ("the tea you've strongly recommended", .everyone),
      ("the tea you had mentioned", .everyone),
      ("Did Caroline like what you suggested?", .named(["Caroline"])),
      ("", .people),
    ] as [(String, QueryVoice.Speakers)])
  func aQuestionAsksForSpeakers(_ query: String, _ expected: QueryVoice.Speakers) {
    #expect(QueryVoice(query, ownNames: [], actors: ["user", "Caroline", "Melanie"]).speakers == expected)
  }

  @Test func speakersAreChosenByNameOrRole() {
    #expect(QueryVoice.asks(.named(["Ann"]), for: "Ann", subject: "user", role: "user"))
    #expect(QueryVoice.asks(.named(["Ann"]), for: "Bo", subject: "Ann", role: "user"))
    #expect(!QueryVoice.asks(.named(["Ann"]), for: "Bo", subject: "user", role: "user"))
    #expect(QueryVoice.asks(.people, for: "Bo", subject: "user", role: "user"))
    #expect(!QueryVoice.asks(.people, for: "assistant", subject: "user", role: "assistant"))
    #expect(QueryVoice.asks(.everyone, for: "assistant", subject: "user", role: "assistant"))
  }

  @Test func whomAQuestionIsAboutNeedNotHaveSaidAnything() {
    let voice = QueryVoice("Where does Bo live?", ownNames: ["Ann"], actors: [], others: ["user", "Bo", "Ann"])
    #expect(voice.speakers == .named(["Bo"]) && voice.firstPerson == nil)
    #expect(QueryVoice("Where does Ann live?", ownNames: ["Ann"], actors: [], others: ["Ann"]).speakers == .people)
    #expect(QueryVoice("Is the user well?", ownNames: [], actors: [], others: ["user"]).speakers == .people)
  }
}

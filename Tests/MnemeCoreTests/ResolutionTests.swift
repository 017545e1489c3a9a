import FoundationEssentials
import MnemeCore
import Testing

/// What is said, in order, and what is current afterwards.
@Suite struct ResolutionTests {
  /// A statement of a conversation: slot, value and when it was said, by day.
  struct Said: Sendable {
    var text: String
    var attribute: String?
    var value: String?
    var polarity = Polarity.positive
    var day = 1
    var validTo: Timestamp?
    var user = "alex"
    var agent: String?
    var run: String?
    var subject = "user"
    var vector: [Float] = []
    var verbatim = false
  }

  static func time(_ day: Int) -> Timestamp { Timestamp(CivilDay(year: 2026, month: 1, day: 1)).adding(days: day) }

  static func candidate(_ said: Said, ordinal: Int) -> Candidate {
    let scope = Scope(userID: said.user, agentID: said.agent, runID: said.run)
    let time = Moment(time(said.day), .stated)
    let source = Source(
      eventID: "e\(ordinal)", messageIndex: 0, role: "user", time: time, quote: said.text, runID: said.run)
    let memory = Memory(
      id: Derivation.uuid("test", String(ordinal)), text: said.text, category: "misc", scope: scope, actor: "user",
      subject: said.subject, attribute: said.attribute, value: said.value, polarity: said.polarity, confidence: 0.9,
      validFrom: time, validTo: said.validTo.map { Moment($0, .stated) }, sources: [source], metadata: nil,
      expiresAt: nil, recipe: "test", recordedAt: time.at, updatedAt: time.at)
    let vector = said.vector.isEmpty ? orthogonal(ordinal) : said.vector
    return Candidate(memory: memory, vector: vector, isVerbatim: said.verbatim)
  }

  static func orthogonal(_ index: Int) -> [Float] {
    var vector = [Float](repeating: 0, count: 32)
    vector[index % 32] = 1
    return vector
  }

  static func fold(_ statements: [Said]) -> (known: OwnerMemories, events: [MemoryEvent]) {
    var known = OwnerMemories()
    var events: [MemoryEvent] = []
    for (ordinal, said) in statements.enumerated() {
      let candidate = candidate(said, ordinal: ordinal)
      let decided = Resolution.decide(
        candidate, known: known, policy: ResolutionPolicy(), now: candidate.memory.recordedAt)
      for event in decided {
        var isNew = false
        if case .added = event { isNew = true }
        known.evolve(event, vector: isNew ? candidate.vector : nil)
      }
      events += decided
    }
    return (known, events)
  }

  static func current(_ statements: [Said]) -> [String] {
    fold(statements).known.all.filter(\.isCurrent).map(\.text).sorted()
  }

  static let lisbon = Said(text: "Lives in Lisbon", attribute: "home", value: "Lisbon", day: 1)
  static let berlin = Said(text: "Lives in Berlin", attribute: "home", value: "Berlin", day: 5)
  static let peanuts = Said(text: "Allergic to peanuts", attribute: "allergy", value: "peanuts", day: 1)

  @Test(arguments: [
    ("a new single value takes the old one's place", [lisbon, berlin], ["Lives in Berlin"]),
    ("a statement that arrives late is history", [berlin, lisbon], ["Lives in Berlin"]),
    (
      "what is said again is no second memory",
      [lisbon, Said(text: "Home is Lisbon", attribute: "home", value: "lisbon", day: 3)], ["Lives in Lisbon"]
    ),
    (
      "several values of a list slot stand side by side",
      [peanuts, Said(text: "Allergic to cats", attribute: "allergy", value: "cats", day: 2)],
      ["Allergic to cats", "Allergic to peanuts"]
    ),
    (
      "a denial ends what it denies",
      [
        peanuts,
        Said(
          text: "No longer allergic to peanuts", attribute: "allergy", value: "peanuts", polarity: .negative, day: 2),
      ], ["No longer allergic to peanuts"]
    ),
    (
      "to dislike is not to like",
      [
        Said(text: "Likes tea", attribute: "likes", value: "tea", day: 1),
        Said(text: "Dislikes tea", attribute: "dislikes", value: "tea", day: 2),
      ], ["Dislikes tea"]
    ),
    (
      "what used to be does not replace what is",
      [lisbon, Said(text: "Used to live in Rome", attribute: "home", value: "Rome", day: 3, validTo: time(3))],
      ["Lives in Lisbon"]
    ),
    (
      "somebody else's slot is another slot",
      [lisbon, Said(text: "Anna lives in Rome", attribute: "home", value: "Rome", day: 2, subject: "Anna")],
      ["Anna lives in Rome", "Lives in Lisbon"]
    ),
    (
      "moving back makes a new memory",
      [lisbon, berlin, Said(text: "Lives in Lisbon", attribute: "home", value: "Lisbon", day: 9)],
      ["Lives in Lisbon"]
    ),
    (
      "the same words to another agent are another memory",
      [Said(text: "Likes tea", day: 1), Said(text: "Likes tea", day: 2, agent: "bot")], ["Likes tea", "Likes tea"]
    ),
    (
      "the same words in another session are one memory",
      [Said(text: "Likes tea", day: 1, run: "r1"), Said(text: "likes TEA!", day: 2, run: "r2")], ["Likes tea"]
    ),
  ])
  func statementsBecomeMemories(name: String, statements: [Said], expected: [String]) {
    #expect(Self.current(statements) == expected, "\(name)")
  }

  @Test func aSupersededMemoryKeepsItsEnd() throws {
    let (known, _) = Self.fold([Self.lisbon, Self.berlin])
    let old = try #require(known.all.first { $0.text == "Lives in Lisbon" })
    let new = try #require(known.all.first { $0.text == "Lives in Berlin" })
    #expect(old.supersededBy == new.id)
    let (_, events) = Self.fold([Self.lisbon, Self.berlin])
    #expect(
      events.contains { if case .superseded(old.id, new.id, let end, _) = $0 { end.at == Self.time(5) } else { false } }
    )
  }

  @Test func likeWordingIsOneMemoryUnlessNumbersNamesOrDenialsDiffer() {
    let near = Self.orthogonal(3)
    func pair(_ first: String, _ second: String) -> Int {
      Self.current([
        Said(text: first, day: 1, vector: near), Said(text: second, day: 2, vector: near),
      ]).count
    }
    #expect(pair("User: I really love hiking", "User: I do love hiking") == 1)
    #expect(pair("User: I ran 5 km", "User: I ran 8 km") == 2)
    #expect(pair("User: I met Anna today", "User: I met Paul today") == 2)
    #expect(pair("User: I eat meat", "User: I do not eat meat") == 2)
  }

  @Test func verbatimTurnsMergeOnTheSameWordsOnly() {
    let near = Self.orthogonal(3)
    let first = Said(text: "I love hiking", day: 1, vector: near, verbatim: true)
    #expect(Self.current([first, Said(text: "I do love hiking", day: 2, vector: near, verbatim: true)]).count == 2)
    #expect(Self.current([first, Said(text: "i love hiking", day: 2, vector: near, verbatim: true)]).count == 1)
  }

  @Test func theSameCandidateTwiceChangesNothing() {
    var known = OwnerMemories()
    let candidate = Self.candidate(Self.lisbon, ordinal: 0)
    for _ in 0..<2 {
      for event in Resolution.decide(candidate, known: known, policy: ResolutionPolicy(), now: Self.time(1)) {
        known.evolve(event, vector: candidate.vector)
      }
    }
    #expect(known.count == 1)
    #expect(Resolution.decide(candidate, known: known, policy: ResolutionPolicy(), now: Self.time(2)).isEmpty)
  }

  @Test func whatAPersonWroteIsNotReplacedByWhatWasSaidBefore() {
    var (known, _) = Self.fold([Self.lisbon])
    let id = Self.candidate(Self.lisbon, ordinal: 0).memory.id
    let edit = MemoryEditRequest(memoryID: id, revision: .init(text: "Lives in Porto", at: Self.time(10)))
    let context = CommandContext(policy: ResolutionPolicy(), now: Self.time(10))
    for event in Commands.decide(edit, known: known, context: context).events { known.evolve(event) }
    let late = Self.candidate(Self.berlin, ordinal: 7)
    for event in Resolution.decide(late, known: known, policy: ResolutionPolicy(), now: Self.time(11)) {
      known.evolve(event)
    }
    #expect(known.all.filter(\.isCurrent).map(\.text) == ["Lives in Porto"])
  }

  @Test func deletionTakesTheChainWhereItIsAskedTo() throws {
    let (known, _) = Self.fold([Self.lisbon, Self.berlin])
    let new = try #require(known.all.first { $0.text == "Lives in Berlin" })
    func deleted(_ chain: Bool) -> Int {
      Commands.decide(
        MemoryDeletionRequest(memoryID: new.id, includesSuperseded: chain), known: known,
        context: CommandContext(policy: ResolutionPolicy(), now: Self.time(9))
      ).events.count
    }
    #expect(deleted(false) == 1)
    #expect(deleted(true) == 2)
    let all = MemoriesDeletionRequest(scope: Scope(userID: "alex"))
    #expect(Commands.decide(all, known: known, now: Self.time(9)).count == 2)
    #expect(
      Commands.decide(MemoriesDeletionRequest(scope: Scope(userID: "bob")), known: known, now: Self.time(9)).isEmpty)
  }
}

extension Timestamp {
  func adding(days: Int) -> Timestamp { Timestamp(milliseconds: milliseconds + Int64(days) * 86_400_000) }
}

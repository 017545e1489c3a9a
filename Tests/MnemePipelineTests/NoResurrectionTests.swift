import EventLog
import FoundationEssentials
import LanguageModel
import MnemeCore
import MnemeTesting
import Synchronization
import Testing

@testable import MnemePipeline

/// What a person deleted or edited in one generation stays so in another one, and the other way round.
@Suite struct NoResurrectionTests {
  /// One fact for each clause; the second recipe has its own words, and quotes whole messages.
  static func script(_ name: TwoGenerations.Name, _ turn: Turn) -> [FactCandidate] {
    let message = turn.body.messages[0].content
    return message.components(separatedBy: "; ").map { clause in
      let home = clause.hasPrefix("I live in ") ? String(clause.dropFirst(10)) : nil
      let love = clause.hasPrefix("I love ") ? String(clause.dropFirst(7)) : nil
      switch name {
      case .first:
        return FactCandidate(
          text: love.map { "Loves \($0)" } ?? home.map { "Lives in \($0)" } ?? clause,
          attribute: home.map { _ in "home" },
          value: home, messageIndex: 0, quote: clause, actor: "user")
      case .second, .forgetful:
        return FactCandidate(
          text: love.map { "User enjoys \($0)" } ?? home.map { "User's home is \($0)" } ?? clause,
          attribute: home.map { _ in "home" } ?? love.map { _ in "likes" }, value: home ?? love, messageIndex: 0,
          quote: message, actor: "user")
      }
    }
  }

  static func worlds() async throws -> TwoGenerations { try await TwoGenerations { script($0, $1) } }

  @Test func theSameFactHasTheSameIdInEveryGeneration() async throws {
    let world = try await Self.worlds()
    try await world.say("I live in Lisbon; I love tea; snow falls", id: "e1")
    for name in TwoGenerations.Name.allCases { try await world.drain(name) }
    let (first, second) = (try await world.memories(.first), try await world.memories(.second))
    #expect(first.count == 3 && second.count == 3)
    let shared = Set(first.keys).intersection(second.keys)
    #expect(Set(shared.compactMap { first[$0]?.text }) == ["Lives in Lisbon", "snow falls"])
    #expect(try await world.memories(.forgetful).keys.sorted() == second.keys.sorted())
  }

  @Test(arguments: [TwoGenerations.Name.first, .second])
  func feedbackIsGivenToTheSameFactElsewhere(active: TwoGenerations.Name) async throws {
    let world = try await Self.worlds()
    try await world.say("I love tea; I love hiking", id: "e1")
    try await world.drain(active)
    let target = try #require(try await world.memories(active).values.first { $0.text.hasSuffix("tea") })
    let feedback = Feedback(.veryNegative, reason: "never said so")
    try await world.rate(target, feedback, id: "c1")
    for name in TwoGenerations.Name.allCases {
      try await world.drain(name)
      for memory in try await world.memories(name).values {
        #expect(memory.feedback == (memory.text.hasSuffix("tea") ? feedback : nil), "\(name)")
      }
    }
  }

  @Test(arguments: [TwoGenerations.Name.first, .second])
  func aDeletionHitsTheSameFactElsewhere(active: TwoGenerations.Name) async throws {
    let world = try await Self.worlds()
    try await world.say("I love tea; I love hiking", id: "e1")
    try await world.drain(active)
    let target = try #require(
      try await world.memories(active).values.first { $0.text.hasSuffix("tea") })
    try await world.delete(target, id: "c1")
    for name in TwoGenerations.Name.allCases { try await world.drain(name) }
    #expect(try await world.texts(.first) == ["Loves hiking"])
    #expect(try await world.texts(.second) == ["User enjoys hiking"])
    #expect(try await world.texts(.forgetful) == ["User enjoys hiking"])
  }

  @Test func anEditHitsTheSameFactElsewhereAndADeletionByTheSameIdFollowsIt() async throws {
    let world = try await Self.worlds()
    try await world.say("I love tea; I love hiking", id: "e1")
    try await world.drain(.first)
    let target = try #require(try await world.memory(.first, "Loves tea"))
    try await world.edit(target, "Adores Darjeeling", id: "c1")
    try await world.drain(.second)
    #expect(try await world.texts(.second) == ["Adores Darjeeling", "User enjoys hiking"])
    try await world.drain(.first)
    try await world.delete(try #require(try await world.memory(.first, "Adores Darjeeling")), id: "c2")
    for name in TwoGenerations.Name.allCases { try await world.drain(name) }
    #expect(try await world.texts(.second) == ["User enjoys hiking"])
    #expect(try await world.texts(.forgetful) == ["User enjoys hiking"])
    // A view from before: what is deleted is not edited.
    try await world.edit(target, "Adores Assam", id: "c3")
    for name in TwoGenerations.Name.allCases {
      try await world.drain(name)
      #expect(try await world.resolved(name).last?.outcome == .notFound)
    }
  }

  @Test(arguments: [("Adores Darjeeling", nil), (nil, ["checked": true])] as [(String?, [String: JSONValue]?)])
  func whatAPersonEditedIsThereWhereAnotherRecipeDidNotFindIt(
    text: String?, metadata: [String: JSONValue]?
  ) async throws {
    let world = try await TwoGenerations { name, turn in
      Self.script(name, turn).filter { name == .first || !$0.text.hasSuffix("tea") }
    }
    try await world.say("I love tea; I love hiking", id: "e1")
    try await world.drain(.first)
    let target = try #require(try await world.memory(.first, "Loves tea"))
    try await world.edit(target, text, metadata: metadata, id: "c1")
    for name in TwoGenerations.Name.allCases { try await world.drain(name) }
    let found = try #require(try await world.memories(.second)[target.id])
    #expect(found.text == text ?? "Loves tea")
    #expect(found.isEdited == (text != nil))
    #expect(found.metadata == metadata)
    #expect(found.sources == target.sources)
    #expect(try await world.memories(.forgetful).keys.sorted() == world.memories(.second).keys.sorted())
    try await world.delete(found, id: "c2")
    try await world.drain(.second)
    #expect(try await world.texts(.second) == ["User enjoys hiking"])
  }

  @Test func anEditThatIsAddedTakesItsSlot() async throws {
    let world = try await TwoGenerations { name, turn in
      Self.script(name, turn).filter { name == .first || $0.value != "Berlin" }
    }
    try await world.say("I live in Lisbon", id: "e1")
    try await world.say("I live in Berlin", id: "e2")
    try await world.drain(.first)
    let berlin = try #require(try await world.memory(.first, "Lives in Berlin"))
    try await world.edit(berlin, "Lives in Potsdam", id: "c1")
    try await world.drain(.second)
    #expect(try await world.texts(.second) == ["Lives in Potsdam"])
    try await world.say("I live in Porto", id: "e3")
    try await world.drain(.second)
    #expect(try await world.texts(.second) == ["User's home is Porto"])
  }

  @Test func theChainGoesElsewhereToo() async throws {
    let world = try await Self.worlds()
    try await world.say("I live in Lisbon", id: "e1")
    try await world.say("I live in Berlin", id: "e2")
    try await world.drain(.first)
    let (old, new) = (
      try #require(try await world.memory(.first, "Lives in Lisbon")),
      try #require(try await world.memory(.first, "Lives in Berlin"))
    )
    try await world.delete(new, superseded: [old], id: "c1")
    for name in TwoGenerations.Name.allCases {
      try await world.drain(name)
      #expect(try await world.memories(name).isEmpty)
    }
  }

  /// A turn that stood in dead letters while a person deleted things.
  enum Late: CaseIterable { case deleted, edited, everything, everythingOfASession }

  @Test(arguments: Late.allCases, [false, true]) func aLateTurnBringsNothingBack(late: Late, isRetry: Bool) async throws
  {
    let failing = Mutex(true)
    let world = try await TwoGenerations { name, turn in
      if turn.id == "e1", name == .first, failing.withLock({ $0 }) { throw ModelError(.serverError, "500") }
      return Self.script(name, turn)
    }
    try await world.say("I love tea; I love hiking", id: "e1", run: "r1")
    try await world.say("I love chess", id: "e2", run: "r2")
    for name in TwoGenerations.Name.allCases { try await world.drain(name) }
    #expect(try await world.texts(.first) == ["Loves chess"])
    let tea = try #require(try await world.memory(.second, "User enjoys tea"))
    switch late {
    case .deleted: try await world.delete(tea, id: "c1")
    case .edited: try await world.edit(tea, "Adores Darjeeling", id: "c1")
    case .everything: try await world.deleteAll(id: "c1")
    case .everythingOfASession: try await world.deleteAll(run: "r1", id: "c1")
    }
    for name in TwoGenerations.Name.allCases { try await world.drain(name) }
    failing.withLock { $0 = false }
    if isRetry {
      // The publisher sends it again instead of somebody redriving it: the same event, not a new one.
      try await world.say("I love tea; I love hiking", id: "e1", run: "r1")
    } else {
      try await world.redrive()
    }
    for name in TwoGenerations.Name.allCases { try await world.drain(name) }
    let expected =
      switch late {
      case .deleted: ["Loves chess", "Loves hiking"]
      case .edited: ["Adores Darjeeling", "Loves chess", "Loves hiking"]
      case .everything: [String]()
      case .everythingOfASession: ["Loves chess"]
      }
    #expect(try await world.texts(.first) == expected)
    // Said anew, it is remembered again.
    try await world.say("I love tea", id: "e9", run: "r1")
    for name in TwoGenerations.Name.allCases { try await world.drain(name) }
    #expect(try await world.texts(.first) == (expected + ["Loves tea"]).sorted())
    #expect(try await world.texts(.second).contains("User enjoys tea"))
  }

  @Test func aViewFromBeforeEverythingWasDeletedRevivesNothing() async throws {
    let world = try await Self.worlds()
    try await world.say("I love tea", id: "e1")
    try await world.drain(.first)
    let tea = try #require(try await world.memory(.first, "Loves tea"))
    try await world.deleteAll(id: "c1")
    try await world.say("I love tea", id: "e2")
    try await world.edit(tea, "Adores Darjeeling", id: "c2")
    try await world.delete(tea, id: "c3")
    for name in TwoGenerations.Name.allCases {
      try await world.drain(name)
      #expect(try await world.resolved(name).suffix(2).map(\.outcome) == [.notFound, .notFound])
      #expect(try await world.texts(name) == [name == .first ? "Loves tea" : "User enjoys tea"])
    }
  }

  @Test func commandsWithoutASnapshotAreCarriedOutById() async throws {
    let world = try await Self.worlds()
    try await world.say("I live in Lisbon; I love tea", id: "e1")
    try await world.drain(.first)
    for (number, memory) in try await world.memories(.first).values.enumerated() {
      let request = MemoryDeletionRequest(memoryID: memory.id, includesSuperseded: false)
      let event = CloudEvent(
        id: "c\(number)", type: EventType.memoryDeletionRequested.rawValue, source: "/test", time: world.clock.now,
        owner: OwnerKey(tenant: "t", owner: Owner(kind: .user, id: TwoGenerations.user)),
        data: EventBodyCoding.encode(request))
      _ = try await world.log.append([world.codec.encode(event, topic: Topics.turns)])
    }
    for name in TwoGenerations.Name.allCases { try await world.drain(name) }
    #expect(try await world.texts(.first).isEmpty)
    #expect(try await world.texts(.second) == ["User enjoys tea"])
  }

  @Test func anotherOwnersFactsAreNeverTouched() async throws {
    let world = try await Self.worlds()
    try await world.say("I love tea", id: "e1")
    try await world.say("I love tea", id: "e1", user: "bob")
    try await world.drain(.first)
    let mine = try #require(try await world.memories(.first).values.first { $0.scope.userID == TwoGenerations.user })
    try await world.delete(mine, id: "c1")
    for name in TwoGenerations.Name.allCases {
      try await world.drain(name)
      #expect(try await world.memories(name).values.map(\.scope.userID) == ["bob"])
    }
  }

  @Test func memoriesRecordsNameTheirSpace() async throws {
    let world = try await TwoGenerations { name, turn in
      if turn.id == "e2" { throw ModelError(.serverError, "500") }
      return Self.script(name, turn)
    }
    for id in ["e1", "e1", "e2"] { try await world.say("I love tea", id: id) }
    try await world.drain(.first)
    let spaces = try await world.records(.first).map { $0.header("ce_space") }
    #expect(spaces == [String?](repeating: HashEmbedder().space.name, count: 3))
  }
}

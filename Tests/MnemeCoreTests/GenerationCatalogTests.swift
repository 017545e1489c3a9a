import MnemeCore
import Testing

@Suite struct GenerationCatalogTests {
  static func generation(
    _ id: String, origin: Generation.Origin = .reextract, facts: String? = nil, space: String = "s",
    model: String? = nil, selection: ReplaySelection? = nil
  ) -> Generation {
    let name = String(id.prefix { $0 != "@" })
    return Generation(
      id: id, origin: origin, parent: id == "g1" ? nil : "g1", extraction: ExtractionSpecification(model: model),
      policy: PolicySpecification(), embedding: EmbeddingSpecification(embedder: "e", space: space, dimension: 2),
      facts: facts ?? name, selection: selection)
  }

  static func catalog(_ events: [GenerationEvent]) -> GenerationCatalog {
    var catalog = GenerationCatalog()
    for (index, event) in events.enumerated() { catalog.apply(event, at: Timestamp(milliseconds: Int64(index))) }
    return catalog
  }

  static let twoReady: [GenerationEvent] = [
    .created(generation("g1")), .created(generation("g2")), .filled(id: "g2"),
  ]

  struct Story: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let events: [GenerationEvent]
    let active: String?
    let states: [String: GenerationCatalog.State]
  }

  static let stories: [Story] = [
    Story(testDescription: "nothing", events: [], active: nil, states: [:]),
    Story(
      testDescription: "the first one is active", events: [.created(generation("g1"))], active: "g1",
      states: ["g1": .active]),
    Story(
      testDescription: "a second one fills", events: Array(twoReady.prefix(2)), active: "g1",
      states: ["g1": .active, "g2": .filling]),
    Story(
      testDescription: "what is not filled is not promoted",
      events: Array(twoReady.prefix(2)) + [.promoted(id: "g2")], active: "g1", states: ["g1": .active, "g2": .filling]),
    Story(
      testDescription: "promote", events: twoReady + [.promoted(id: "g2")], active: "g2",
      states: ["g1": .ready, "g2": .active]),
    Story(
      testDescription: "roll back", events: twoReady + [.promoted(id: "g2"), .rolledBack(id: "g2")], active: "g1",
      states: ["g1": .active, "g2": .ready]),
    Story(
      testDescription: "roll back once only",
      events: twoReady + [.promoted(id: "g2"), .rolledBack(id: "g2"), .rolledBack(id: "g1")], active: "g1",
      states: ["g1": .active, "g2": .ready]),
    Story(
      testDescription: "a rollback decided before another one",
      events: twoReady + [
        .promoted(id: "g2"), .rolledBack(id: "g2"), .rolledBack(id: "g2"),
      ], active: "g1", states: ["g1": .active, "g2": .ready]),
    Story(
      testDescription: "the active one is not dropped", events: twoReady + [.dropped(id: "g1")], active: "g1",
      states: ["g1": .active, "g2": .ready]),
    Story(
      testDescription: "nothing to roll back to once it is dropped",
      events: twoReady + [.promoted(id: "g2"), .dropped(id: "g1"), .rolledBack(id: "g2")], active: "g2",
      states: ["g1": .dropped, "g2": .active]),
    Story(
      testDescription: "what is dropped stays so",
      events: twoReady + [.dropped(id: "g2"), .filled(id: "g2"), .promoted(id: "g2")], active: "g1",
      states: ["g1": .active, "g2": .dropped]),
    Story(
      testDescription: "back and forth",
      events: twoReady + [
        .promoted(id: "g2"), .promoted(id: "g1"), .promoted(id: "g2"), .rolledBack(id: "g2"),
      ], active: "g1", states: ["g1": .active, "g2": .ready]),
    Story(
      testDescription: "a name is taken once",
      events: twoReady + [.created(generation("g2", model: "other"))], active: "g1",
      states: ["g1": .active, "g2": .ready]),
    Story(
      testDescription: "some vectors are not enough",
      events: [
        .created(generation("g1")),
        .created(
          generation("g1@t", origin: .reembed, space: "t", selection: ReplaySelection(tenant: "a"))),
        .filled(id: "g1@t"), .promoted(id: "g1@t"),
      ], active: "g1", states: ["g1": .active, "g1@t": .ready]),
  ]

  @Test(arguments: stories)
  func events(story: Story) {
    let catalog = Self.catalog(story.events)
    #expect(catalog.active?.id == story.active)
    for (id, state) in story.states { #expect(catalog[id]?.state == state, "\(id)") }
    #expect(catalog.entries.count == story.states.count)
  }

  /// Whatever comes in whatever order: one is active, it is live, and what `check` allows is what `apply` does.
  @Test(arguments: 0..<200)
  func anyOrderLeavesOneActive(seed: Int) {
    var random = SplitMix64(seed: UInt64(seed))
    let ids = ["g1", "g2", "g3", "g1@t"]
    var catalog = GenerationCatalog()
    for step in 0..<60 {
      let id = ids[random.below(ids.count)]
      let events: [GenerationEvent] = [
        .created(Self.generation(id)), .filled(id: id), .promoted(id: id), .rolledBack(id: id), .dropped(id: id),
        .extractionChanged(id: id, ExtractionSpecification(model: "m\(step)")),
      ]
      let event = events[random.below(events.count)]
      let isPossible = (try? catalog.check(event)) != nil
      let before = catalog
      #expect(catalog.apply(event, at: Timestamp(milliseconds: Int64(step))) == isPossible)
      if !isPossible { #expect(catalog == before) }
      let actives = catalog.entries.filter { $0.state == .active }
      #expect(actives.count == (catalog.entries.isEmpty ? 0 : 1), "seed \(seed), step \(step)")
      #expect(catalog.active == actives.first?.generation)
    }
  }

  /// Of each input one generation tells webhooks: the one that was active when it was taken in.
  @Test func whatWasActiveAtAnInputIsKept() {
    let space = Self.generation("g1@t", origin: .reembed, facts: "g1", space: "t")
    let catalog = Self.catalog([
      .created(Self.generation("g1")), .created(Self.generation("g2")), .filled(id: "g2"),
      .promoted(id: "g2", turns: [10, 4]), .rolledBack(id: "g2", turns: [20, 4]), .created(space), .filled(id: "g1@t"),
      .promoted(id: "g1@t", turns: [25, 9]), .promoted(id: "g2", turns: [30, 9]),
    ])
    let cases: [(Int, Int64, String)] = [
      (0, 0, "g1"), (0, 9, "g1"), (0, 10, "g2"), (0, 19, "g2"), (0, 20, "g1"), (0, 27, "g1"), (0, 30, "g2"),
      (1, 3, "g1"), (1, 4, "g1"), (1, 8, "g1"), (1, 9, "g2"),
    ]
    for (partition, offset, name) in cases {
      #expect(
        catalog.nameOfActive(at: TurnsPosition(partition: partition, offset: offset)) == name,
        "\(partition)/\(offset)")
    }
    #expect(catalog.everActiveNames == ["g1", "g2"])
    #expect(GenerationCatalog().nameOfActive(at: TurnsPosition(partition: 0, offset: 0)) == nil)
    // Records of before there were webhooks do not say it.
    let old = Self.catalog(Self.twoReady + [.promoted(id: "g2")])
    #expect(old.nameOfActive(at: TurnsPosition(partition: 0, offset: 0)) == "g2")
  }

  @Test func aSpaceKeepsTheNameAndTheFactsOfItsGeneration() {
    let space = Self.generation("g1@t", origin: .reembed, facts: "g1", space: "t")
    #expect(space.name == "g1")
    #expect(space.topics == ["mneme.facts.g1", "mneme.memories.g1", "mneme.vectors.t"])
    #expect(Self.generation("g2", facts: "g1").topics == ["mneme.facts.g1", "mneme.memories.g2", "mneme.vectors.s.g2"])
  }

  @Test func theOldestSpaceThatLivesIsDecidedIn() {
    let space = Self.generation("g1@t", origin: .reembed, facts: "g1", space: "t")
    var catalog = Self.catalog([
      .created(Self.generation("g1")), .created(space), .filled(id: "g1@t"), .promoted(id: "g1@t"),
    ])
    #expect(catalog.resolving(space).id == "g1")
    #expect(catalog.topics.contains("mneme.vectors.s"))
    catalog.apply(.dropped(id: "g1"), at: Timestamp(milliseconds: 9))
    #expect(catalog.resolving(space).id == "g1@t")
    #expect(catalog.topics == ["mneme.facts.g1", "mneme.memories.g1", "mneme.vectors.t"])
  }

  @Test func namesAreNeverUsedAgain() {
    var catalog = Self.catalog(Self.twoReady)
    #expect(catalog.nextName == "g3")
    catalog.apply(.dropped(id: "g2"), at: Timestamp(milliseconds: 9))
    #expect(catalog.nextName == "g3")
    #expect(catalog.nextID(of: "g1", space: "t") == "g1@t")
    catalog.apply(.created(Self.generation("g1@t", origin: .reembed, space: "t")), at: Timestamp(milliseconds: 10))
    #expect(catalog.nextID(of: "g1", space: "t") == "g1@t.2")
  }

  @Test func aWishIsNewOnceAndChangesAllThatShareTheFacts() {
    var catalog = Self.catalog([
      .created(Self.generation("g1", model: "a")), .created(Self.generation("g2", facts: "g1", model: "a")),
    ])
    let other = ExtractionSpecification(model: "b", url: "http://x")
    #expect(catalog.hasSeen(ExtractionSpecification(model: "a", url: "http://elsewhere")))
    #expect(!catalog.hasSeen(other))
    catalog.apply(.extractionChanged(id: "g1", other), at: Timestamp(milliseconds: 9))
    #expect(catalog.hasSeen(other) && catalog.hasSeen(ExtractionSpecification(model: "a")))
    #expect(catalog["g2"]?.generation.extraction == other)
  }

  static let alex = OwnerKey(tenant: "a", owner: Owner(kind: .user, id: "alex"))
  static let selections: [(ReplaySelection, OwnerKey, Int64, Bool)] = [
    (ReplaySelection(), alex, 0, true),
    (ReplaySelection(tenant: "a"), alex, 0, true),
    (ReplaySelection(tenant: "b"), alex, 0, false),
    (ReplaySelection(owner: alex), alex, 0, true),
    (ReplaySelection(owner: OwnerKey(tenant: "a", owner: Owner(kind: .agent, id: "alex"))), alex, 0, false),
    (ReplaySelection(since: Timestamp(milliseconds: 5)), alex, 5, true),
    (ReplaySelection(since: Timestamp(milliseconds: 5)), alex, 4, false),
    (ReplaySelection(until: Timestamp(milliseconds: 5)), alex, 5, false),
    (ReplaySelection(until: Timestamp(milliseconds: 5)), alex, 4, true),
  ]

  @Test(arguments: selections.indices)
  func aSelectionNarrows(index: Int) {
    let (selection, owner, at, isIn) = Self.selections[index]
    #expect(selection.contains(owner, receivedAt: Timestamp(milliseconds: at)) == isIn)
  }
}

import FoundationEssentials
import MnemeCore
import Testing

/// What a person thinks of a memory, from the event to the decision.
@Suite struct FeedbackTests {
  static let time = ResolutionTests.time(9)
  static let memory = ResolutionTests.candidate(ResolutionTests.lisbon, ordinal: 0).memory
  static let judgements: [Feedback?] = [
    Feedback(.positive), Feedback(.negative, reason: "It was \"Bern\"\n"), Feedback(.veryNegative, reason: ""), nil,
  ]

  @Test(arguments: judgements)
  func `an event reads what it writes, and the memory has it`(feedback: Feedback?) throws {
    let event = MemoryEvent.rated(id: Self.memory.id, feedback, at: Self.time)
    #expect(try EventBodyCoding.decode(MemoryEvent.self, from: EventBodyCoding.encode(event)) == event)
    let given = FeedbackGiven(memoryID: Self.memory.id, feedback: feedback, targets: [Self.memory])
    #expect(try EventBodyCoding.decode(FeedbackGiven.self, from: EventBodyCoding.encode(given)) == given)
    var expected = Self.memory
    expected.feedback = feedback
    let rated = try #require(Memory.evolve(Self.memory, event))
    #expect(rated == expected)
    #expect(try EventBodyCoding.decode(Memory.self, from: EventBodyCoding.encode(rated)) == expected)
    #expect(Memory.evolve(rated, .rated(id: rated.id, nil, at: Self.time)) == Self.memory)
    #expect(Memory.evolve(nil, event) == nil)
  }

  @Test func `what is thought of a memory is part of what it says`() {
    let digests = Self.judgements.map { feedback in
      var memory = Self.memory
      memory.feedback = feedback
      var digest = ContentDigest()
      digest.add(memory)
      return digest
    }
    #expect(Set(digests).count == digests.count)
  }

  @Test(arguments: judgements)
  func `a body with a judgement is read, whatever reads it`(feedback: Feedback?) throws {
    var memory = Self.memory
    memory.feedback = Feedback(.negative, reason: "no")
    let body = MemoriesResolved(
      input: InputReference(id: "f", type: "t", partition: 0, offset: 1, receivedAt: Self.time), outcome: .stored,
      events: [.added(memory), .rated(id: memory.id, feedback, at: Self.time)])
    #expect(try EventBodyReader.resolved(EventBodyCoding.encode(body)) == body)
  }

  private func decide(_ given: FeedbackGiven, _ known: OwnerMemories) -> CommandDecision {
    Commands.decide(given, known: known, context: CommandContext(policy: ResolutionPolicy(), now: Self.time))
  }

  @Test func `a judgement reaches the memory that it names, or that was meant`() {
    let feedback = Feedback(.positive)
    let known = ResolutionTests.fold([ResolutionTests.lisbon]).known
    let own = decide(FeedbackGiven(memoryID: Self.memory.id, feedback: feedback), known)
    #expect(own.events == [.rated(id: Self.memory.id, feedback, at: Self.time)] && own.marks.isEmpty)
    // Another generation's memory from the same words.
    var other = Self.memory
    other.id = UUID()
    other.recipe = "another"
    let meant = decide(FeedbackGiven(memoryID: other.id, feedback: feedback, targets: [other]), known)
    #expect(meant.events == own.events)
    #expect(decide(FeedbackGiven(memoryID: other.id, feedback: feedback), known).events.isEmpty)
  }

  @Test func `what was deleted is not judged any more`() {
    var known = ResolutionTests.fold([ResolutionTests.lisbon]).known
    known.evolve(.retracted(id: Self.memory.id, at: Self.time))
    let given = FeedbackGiven(memoryID: Self.memory.id, feedback: Feedback(.negative), targets: [Self.memory])
    #expect(decide(given, known).events.isEmpty)
  }
}

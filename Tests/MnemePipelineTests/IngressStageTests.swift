import EventLog
import LanguageModel
import MnemeCore
import MnemeTesting
import Testing

@testable import MnemePipeline

@Suite struct IngressStageTests {
  static let bounds = IngressStage.Bounds(
    maxRecordByteCount: 20_000, maxMessageCount: 3, maxMessageByteCount: 10_000, maxInstructionLength: 100)

  /// Turns every body over, so that nothing but a codec with it can read one.
  struct Flip: PayloadSealer {
    func seal(_ body: [UInt8], owner: OwnerKey) -> (body: [UInt8], keyID: String)? { (body.map { ~$0 }, "k1") }
    func open(_ body: [UInt8], keyID: String, owner: OwnerKey) -> [UInt8]? { body.map { ~$0 } }
  }

  static func stage(
    _ harness: Harness, sealer: any PayloadSealer = OpenPayloads(), bounds: IngressStage.Bounds = bounds
  ) -> IngressStage {
    IngressStage(codec: EventRecordCodec(sealer: sealer), environment: harness.clock.environment, bounds: bounds)
  }

  /// A good record of `user` that says `content`.
  static func record(_ content: String, id: String, user: String = "alex", partition: Int? = nil) -> NewRecord {
    var record = IngressCase.good
    record.headers = record.headers.map { $0.name == "ce_id" ? LogHeader("ce_id", id) : $0 }
    record.value = IngressCase.body([
      "scope": ["user_id": .string(user)], "messages": [["role": "user", "content": .string(content)]],
    ])
    record.partition = partition
    return record
  }

  // MARK: What is taken in

  @Test(arguments: IngressCase.all)
  func eachRecordIsMovedOrParkedAndNeverLost(_ item: IngressCase) async throws {
    let harness = try await Harness()
    var record = IngressCase.good
    item.change(&record)
    _ = try await harness.log.append([record, Self.record("next", id: "next")])
    try await harness.drain(Self.stage(harness))
    let turns = try await harness.records(Topics.turns)
    let letters = try await harness.deadLetters()
    #expect(turns.last?.header("ce_id") == "next", "the partition goes on")
    switch item.outcome {
    case .moved(let key):
      #expect(letters.map(\.reason) == [])
      try #require(turns.count == 2)
      #expect(String(decoding: turns[0].key ?? [], as: UTF8.self) == key)
      // What extraction reads is what was sent.
      let event = try harness.codec.decode(turns[0])
      #expect(event.id == "chat-7/3" && event.type == EventType.turnRecorded.rawValue)
      #expect(event.extensions.isEmpty)
      let sent = try EventBodyCoding.decode(TurnBody.self, from: record.value)
      #expect(try EventBodyCoding.decode(TurnBody.self, from: event.data) == sent)
    case .parked(let code, let words):
      #expect(turns.count == 1)
      let letter = try #require(letters.first)
      #expect(letters.count == 1 && letter.reason.stage == "ingress" && letter.reason.attempts == 1)
      #expect(letter.reason.code == code)
      #expect(letter.reason.detail.contains(words), "\(letter.reason.detail)")
      #expect(!letter.reason.detail.unicodeScalars.contains { $0.value < 0x20 })
      guard !letter.isAbridged else { return }
      #expect(letter.key == record.key && letter.value == record.value && letter.headers == record.headers)
    }
  }

  @Test func whatIsMissingGetsAClearDefault() async throws {
    let harness = try await Harness()
    harness.log.setNow(milliseconds: 1_790_000_000_000)
    var record = IngressCase.good
    record.headers.removeAll { ["ce_specversion", "ce_source", "ce_time"].contains($0.name) }
    _ = try await harness.log.append([record, IngressCase.good])
    harness.log.setNow(milliseconds: 0)
    _ = try await harness.log.append([record])
    try await harness.drain(Self.stage(harness))
    let events = try await harness.records(Topics.turns).map { try harness.codec.decode($0) }
    // The time of its append; what it says itself; and where neither is there, the time when it is moved.
    let times = [Timestamp(milliseconds: 1_790_000_000_000), Timestamp("2026-11-20T17:30:00Z"), harness.clock.now]
    #expect(events.map(\.time) == times)
    #expect(events.map(\.source) == ["/mneme/ingress", "/chat", "/mneme/ingress"])
  }

  @Test func whatIsMovedIsSealedAndKeyedByItsOwner() async throws {
    let harness = try await Harness(partitionCount: 4)
    _ = try await harness.log.append([Self.record("secret", id: "e1", partition: 3)])
    try await harness.drain(Self.stage(harness, sealer: Flip()))
    let turn = try #require(try await harness.records(Topics.turns).first)
    #expect(turn.header(EventRecordCodec.keyIDHeader) == "k1")
    #expect(!String(decoding: turn.value, as: UTF8.self).contains("secret"))
    let key = Array("default/user:alex".utf8)
    #expect(turn.position.topicPartition.partition == Partitioner.partition(key: key, count: 4))
    #expect(try EventRecordCodec(sealer: Flip()).decode(turn).data == Self.record("secret", id: "e1").value.normalized)
  }

  @Test func aSealerThatFailsStopsNothingForGood() async throws {
    struct Broken: Error {}
    struct Failing: PayloadSealer {
      func seal(_ body: [UInt8], owner: OwnerKey) throws -> (body: [UInt8], keyID: String)? { throw Broken() }
      func open(_ body: [UInt8], keyID: String, owner: OwnerKey) -> [UInt8]? { nil }
    }
    let harness = try await Harness()
    _ = try await harness.log.append([IngressCase.good])
    let records = try await harness.records(Topics.ingress)
    await #expect(throws: Broken.self) { try await Self.stage(harness, sealer: Failing()).process(records, of: 0) }
    #expect(try await Self.stage(harness).process(records, of: 0).map(\.topic) == [Topics.turns])
  }

  @Test func orderWithinAnOwnerIsKept() async throws {
    let harness = try await Harness(partitionCount: 4)
    var records: [NewRecord] = []
    for index in 0..<40 {
      var record = Self.record("turn \(index)", id: "e\(index)", user: index % 2 == 0 ? "alex" : "bob")
      record.key = Array((index % 2 == 0 ? "alex" : "bob").utf8)
      records.append(record)
    }
    _ = try await harness.log.append(records)
    try await harness.drain(Self.stage(harness), maxRecordCount: 7)
    let turns = try await harness.records(Topics.turns)
    for (user, remainder) in [("alex", 0), ("bob", 1)] {
      let ids = turns.filter { $0.key == Array("default/user:\(user)".utf8) }.map { $0.header("ce_id") }
      #expect(ids == (0..<40).filter { $0 % 2 == remainder }.map { "e\($0)" })
    }
  }

  @Test func aRetryOfTheSameEventIDChangesNothing() async throws {
    let harness = try await Harness()
    _ = try await harness.log.append([
      Self.record("home Lisbon", id: "e1"), Self.record("home Lisbon", id: "e1"),
      Self.record("home Lisbon", id: "e1", user: "bob"), Self.record("home Rome", id: "e1"),
    ])
    try await harness.drain(Self.stage(harness))
    try await harness.drain(harness.extraction(ScriptedExtractor { sentences($0) }))
    try await harness.drain(harness.resolution())
    // The id is an owner's: bob's turn of the same id is another one, and the first one of an id wins.
    let memories = try await harness.memories().values.map { "\($0.scope.userID ?? "") \($0.text)" }
    #expect(memories.sorted() == ["alex home Lisbon", "bob home Lisbon"])
    #expect(try await harness.resolved().map(\.outcome).filter { $0 == .stored }.count == 2)
  }

  @Test func recordsAndOffsetsAreCommittedTogether() async throws {
    let harness = try await Harness()
    _ = try await harness.log.append([Self.record("a", id: "e1"), Self.record("b", id: "e2")])
    let isDown = LockedFlag()
    harness.log.setFaults { operation in
      guard case .commit = operation, isDown.take() else { return nil }
      return .before(EventLogError(.unreachable, "the broker is away"))
    }
    try await harness.drain(Self.stage(harness))
    #expect(try await harness.records(Topics.turns).map { $0.header("ce_id") } == ["e1", "e2"])
    let next = try await harness.log.committedOffsets(of: IngressStage.groupName)
    #expect(next == [TopicPartition(Topics.ingress, 0): 2])
  }

  @Test func lagCountsWhatHasNotBeenTakenInYet() async throws {
    let harness = try await Harness()
    let meter = LagMeter(log: harness.log, generation: .first(in: HashEmbedder())) { [:] }
    #expect(try await meter.measure().total == 0)
    _ = try await harness.log.append([Self.record("a", id: "e1"), Self.record("b", id: "e2")])
    let report = try await meter.measure()
    #expect(report.total == 2)
    #expect(report.groups.first { $0.lag > 0 }?.group == IngressStage.groupName)
    // What retention took away waits no longer.
    harness.log.setNow(milliseconds: 0)
    _ = try await harness.log.enforceRetention(nowMilliseconds: 8 * 86_400_000)
    #expect(try await meter.measure().total == 0)
  }
}

extension [UInt8] {
  /// The body of a turn as ingress writes it.
  fileprivate var normalized: [UInt8] {
    get throws { EventBodyCoding.encode(try EventBodyCoding.decode(TurnBody.self, from: self)) }
  }
}

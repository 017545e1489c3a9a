import EventLog
import MnemeCore
import MnemeTesting
import Testing

@testable import MnemePipeline

@Suite struct TopicPlanTests {
  typealias Difference = TopicPlan.Difference

  static func topic(
    _ name: String, partitions: Int = 4, _ retention: TopicSpecification.Retention = .forever, replicas: Int? = nil
  ) -> TopicSpecification {
    TopicSpecification(
      name: name, partitionCount: partitions, retention: retention, replicationFactor: replicas)
  }

  struct Case: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let wanted: [TopicSpecification]
    let found: [TopicSpecification]
    let differences: [Difference]
    let hasDrift: Bool
    let applicable: [Difference]

    /// `applicable` is all of `differences` where it is not given.
    init(
      _ name: String, wanted: [TopicSpecification], found: [TopicSpecification], _ differences: [Difference],
      hasDrift: Bool = true, applicable: [Difference]? = nil
    ) {
      self.testDescription = name
      self.wanted = wanted
      self.found = found
      self.differences = differences
      self.hasDrift = hasDrift
      self.applicable = applicable ?? differences
    }
  }

  static let week = TopicSpecification.Retention.age(.seconds(604_800))

  static let cases: [Case] = [
    Case("nothing wanted, nothing there", wanted: [], found: [], [], hasDrift: false),
    Case(
      "as wanted, in any order", wanted: [topic("mneme.a", week), topic("mneme.b")],
      found: [topic("mneme.b"), topic("mneme.a", .age(.milliseconds(604_800_000)))], [], hasDrift: false),
    Case(
      "missing, in the order wanted", wanted: [topic("mneme.b", replicas: 3), topic("mneme.a")], found: [],
      [.missing(topic("mneme.b", replicas: 3)), .missing(topic("mneme.a"))]),
    Case(
      "another retention", wanted: [topic("mneme.a", week)], found: [topic("mneme.a")],
      [.retention(topic: "mneme.a", wanted: week, found: .forever)]),
    Case(
      "compacted where nothing may go", wanted: [topic("mneme.a")], found: [topic("mneme.a", .compacted)],
      [.retention(topic: "mneme.a", wanted: .forever, found: .compacted)]),
    Case(
      "more partitions", wanted: [topic("mneme.a")], found: [topic("mneme.a", partitions: 8)],
      [.partitionCount(topic: "mneme.a", wanted: 4, found: 8)], applicable: []),
    Case(
      "fewer replicas", wanted: [topic("mneme.a", replicas: 3)], found: [topic("mneme.a", replicas: 1)],
      [.replicationFactor(topic: "mneme.a", wanted: 3, found: 1)], applicable: []),
    Case(
      "a log that tells no replicas", wanted: [topic("mneme.a", replicas: 3)], found: [topic("mneme.a")], [],
      hasDrift: false),
    Case(
      "replicas that nobody asked for", wanted: [topic("mneme.a")], found: [topic("mneme.a", replicas: 3)], [],
      hasDrift: false),
    Case(
      "ours and unwanted, told by name; theirs is not ours to judge", wanted: [],
      found: [topic("mneme.z"), topic("mneme.facts.g0"), topic("orders"), topic("mneme"), topic("__consumer_offsets")],
      [.unwanted(topic("mneme.facts.g0")), .unwanted(topic("mneme.z"))], hasDrift: false, applicable: []),
    Case(
      "all at once", wanted: [topic("mneme.a", week, replicas: 3)],
      found: [topic("mneme.a", partitions: 1, replicas: 2), topic("mneme.b")],
      [
        .retention(topic: "mneme.a", wanted: week, found: .forever),
        .partitionCount(topic: "mneme.a", wanted: 4, found: 1),
        .replicationFactor(topic: "mneme.a", wanted: 3, found: 2), .unwanted(topic("mneme.b")),
      ], applicable: [.retention(topic: "mneme.a", wanted: week, found: .forever)]),
    Case(
      "nothing is created beside topics of another partition count", wanted: [topic("mneme.a"), topic("mneme.b")],
      found: [topic("mneme.a", partitions: 8)],
      [.partitionCount(topic: "mneme.a", wanted: 4, found: 8), .missing(topic("mneme.b"))], applicable: []),
  ]

  @Test(arguments: cases)
  func differencesAreTold(_ item: Case) {
    let plan = TopicPlan(wanted: item.wanted, found: item.found)
    #expect(plan.differences == item.differences)
    #expect(plan.hasDrift == item.hasDrift)
    #expect(plan.applicable == item.applicable)
  }

  /// What is applied is gone from the next plan, what is not stays, and applying again does nothing.
  @Test(arguments: cases)
  func applyingDoesWhatItSaysAndNoMore(_ item: Case) async throws {
    let log = InMemoryEventLog()
    try await log.ensureTopics(item.found)
    var done: [Difference] = []
    try await TopicPlan(wanted: item.wanted, found: try await log.topics()).apply(to: log) { done.append($0) }
    #expect(done == item.applicable)
    let rest = TopicPlan(wanted: item.wanted, found: try await log.topics())
    #expect(rest.differences == item.differences.filter { !item.applicable.contains($0) })
    #expect(rest.applicable.isEmpty)
    for topic in item.found {
      let now = try #require(try await log.topics().first { $0.name == topic.name }, "nothing is deleted")
      #expect(now.partitionCount == topic.partitionCount && now.replicationFactor == topic.replicationFactor)
    }
  }

  @Test func whatWasToldIsDoneWhereALaterStepFails() async throws {
    struct Stop: Error {}
    let log = InMemoryEventLog()
    let wanted = [Self.topic("mneme.a"), Self.topic("mneme.b")]
    await #expect(throws: Stop.self) {
      try await TopicPlan(wanted: wanted, found: []).apply(to: log) { _ in throw Stop() }
    }
    #expect(try await log.topics().map(\.name) == ["mneme.a"])
  }

  @Test func aDeploymentWantsItsTopicsOnce() {
    let first = Generation.first(in: HashEmbedder())
    var second = first
    second.id = "g2"
    let topics = TopicCatalog(partitionCount: 3, replicationFactor: 2).topics(of: [first, second])
    #expect(Set(topics.map(\.name)).count == topics.count)
    // The second one has memories and vectors of its own; it resolves the first one's facts.
    #expect(topics.count == 11)
    #expect(topics.allSatisfy { $0.name.hasPrefix(TopicPlan.namePrefix) })
    #expect(topics.filter { $0.partitionCount != 3 }.map(\.name) == [Topics.generations, Topics.projects])
    #expect(topics.allSatisfy { $0.replicationFactor == 2 })
    #expect(topics.filter { $0.retention != .forever }.map(\.name) == [Topics.ingress, Topics.webhooks])
  }
}

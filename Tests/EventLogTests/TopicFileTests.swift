import EventLog
import FoundationEssentials
import MnemeCore
import MnemePipeline
import Testing

/// The files under `topics/` say what the code does.
@Suite struct TopicFileTests {
  struct TopicFile: Decodable {
    struct Event: Decodable {
      var type: String
      var schema: String?
      var example: String
    }

    var name: String
    var purpose: String
    var key: String
    var partitions: Int
    var replication: Int
    var retention: String
    var config: [String: String]
    var events: [Event]
  }

  static func json<Value: Decodable>(_ type: Value.Type, _ name: String) throws -> Value {
    let data = try #require(FileManager.default.contents(atPath: "\(GoldenRecordTests.folder)/\(name)"), "\(name)")
    return try JSONDecoder().decode(type, from: data)
  }

  static var files: [TopicFile] {
    get throws {
      try FileManager.default.contentsOfDirectory(atPath: GoldenRecordTests.folder).sorted()
        .filter { $0.hasSuffix(".json") }.map { try json(TopicFile.self, $0) }
    }
  }

  @Test func everyTopicHasItsFileAndEveryFileItsTopic() throws {
    // Those of a generation are files with its name left open.
    let generation = Generation(
      id: "<generation>", origin: .initial, parent: nil, extraction: ExtractionSpecification(),
      policy: PolicySpecification(), embedding: EmbeddingSpecification(embedder: "e", space: "<space>", dimension: 1),
      facts: "<generation>")
    let wanted = TopicCatalog(partitionCount: 4).topics(of: [generation])
    let files = try Self.files
    #expect(Set(files.map(\.name)) == Set(wanted.map(\.name)))
    for file in files {
      let topic = try #require(wanted.first { $0.name == file.name })
      #expect(topic.partitionCount == file.partitions)
      switch topic.retention {
      case .forever:
        #expect(file.retention == "forever" && file.config["retention.ms"] == "-1")
        #expect(file.config["cleanup.policy"] == "delete")
      case .age(let age):
        let seconds = age.components.seconds
        #expect(file.retention == "\(seconds / 86_400) days" && file.config["retention.ms"] == "\(seconds * 1000)")
        #expect(file.config["cleanup.policy"] == "delete")
      case .compacted: #expect(file.config["cleanup.policy"] == "compact")
      }
      #expect(!file.purpose.isEmpty && !file.key.isEmpty && file.replication == 3)
    }
  }

  @Test func everyEventTypeIsOnATopicWithSchemaAndExample() throws {
    let events = try Self.files.flatMap(\.events)
    #expect(Set(events.map(\.type)) == Set(EventType.allCases.map(\.rawValue)))
    for event in events {
      let example = try Self.json(GoldenRecordTests.File.self, event.example)
      #expect(example.headers.contains { $0.name == "ce_type" && $0.value == event.type })
      guard let schema = event.schema else {
        #expect(event.type == EventType.recordParked.rawValue)
        continue
      }
      let body = try EventBodyCoding.decode(JSONValue.self, from: Array(example.value.utf8))
      let problems = JSONSchema.problems(of: body, by: try Self.json(JSONValue.self, schema), at: event.type)
      #expect(problems.isEmpty, "\(problems)")
    }
  }

  /// Members that came after version 1 was written: optional, so the golden records stay as they are.
  @Test func schemasKnowTheMembersThatCameLater() throws {
    var memory = GoldenSamples.memory
    memory.feedback = Feedback(.positive, reason: "just so")
    var input = GoldenSamples.input
    input.firstOffset = 7
    var facts = GoldenSamples.facts
    facts.input = input
    facts.turn = TurnContext(
      Turn(id: "golden-1", owner: GoldenSamples.owner, receivedAt: GoldenSamples.time, body: GoldenSamples.turn),
      facts: [GoldenSamples.fact])
    #expect(facts.turn.messages.map(\.text) == GoldenSamples.turn.messages.map(\.content))
    facts.inputHash = "0123"
    let mark = CommandMark(memoryID: memory.id, standingID: GoldenSamples.otherID, statement: MemoryStatement(memory))
    let projectKey = ProjectKey(tenant: "default", project: "shop")
    let webhook = Webhook(
      id: "wh-1", name: "kitchen", url: "https://example.org/hook", events: Webhook.Event.allCases, secret: "c2VjcmV0",
      turns: [4, 0], createdAt: GoldenSamples.time, updatedAt: GoldenSamples.time)
    let bodies: [(EventType, [UInt8])] = [
      (
        .memoryEditRequested,
        EventBodyCoding.encode(
          MemoryEditRequest(memoryID: memory.id, revision: GoldenSamples.revision, targets: [memory]))
      ),
      (
        .memoryDeletionRequested,
        EventBodyCoding.encode(
          MemoryDeletionRequest(memoryID: memory.id, includesSuperseded: false, targets: [memory, memory]))
      ),
      (.factsExtracted, EventBodyCoding.encode(facts)),
      (.turnParked, EventBodyCoding.encode(TurnParked(input: input, reason: GoldenSamples.reason))),
      (.memoryFeedbackGiven, EventBodyCoding.encode(FeedbackGiven(memoryID: memory.id, feedback: nil))),
      (
        .memoriesResolved,
        EventBodyCoding.encode(
          MemoriesResolved(
            input: input, outcome: .stored,
            events: [
              .added(memory), .rated(id: memory.id, memory.feedback, at: GoldenSamples.time),
              .rated(id: memory.id, nil, at: GoldenSamples.time),
            ], messages: [SpokenMessage(index: 0, text: "I moved")],
            marks: [mark, CommandMark(memoryID: memory.id, standingID: nil, statement: MemoryStatement(memory))],
            deletedScope: memory.scope))
      ),
      (.projectChanged, ProjectEvent(projectKey, .webhookSet(webhook)).body),
      (.projectChanged, ProjectEvent(projectKey, .webhookSwitchedOff(id: webhook.id)).body),
      (.projectChanged, ProjectEvent(projectKey, .webhookRemoved(id: webhook.id)).body),
      (.generationPromoted, GenerationEvent.promoted(id: "g2", turns: [4, 0]).body),
      (.generationRolledBack, GenerationEvent.rolledBack(id: "g2", turns: [4, 0]).body),
    ]
    for (type, data) in bodies + Self.projectBodies {
      let schema = try Self.json(JSONValue.self, "schemas/\(type.rawValue).json")
      let body = try EventBodyCoding.decode(JSONValue.self, from: data)
      let problems = JSONSchema.problems(of: body, by: schema, at: type.rawValue)
      #expect(problems.isEmpty, "\(problems)")
    }
  }

  private static var projectBodies: [(EventType, [UInt8])] {
    let time = GoldenSamples.time
    let changes: [ProjectEvent.Change] = [
      .settingsChanged([.profileEnabled: false, .profileSchema: ["properties": [:]], .profileInstructions: .null]),
      .exportRequested(
        ExportRequest(
          id: "e", schema: [:], filters: ["user_id": "ann"], instructions: "all", owners: ["user:ann"], at: time)),
      .exportRequested(ExportRequest(id: "e", schema: [:], filters: nil, instructions: nil, owners: nil, at: time)),
      .profilesMade(
        ProfileJob(id: "j", operation: .trigger, users: ["ann"], skipped: ["ann"], idempotencyKey: "k", at: time)),
      .entityDescribed(
        EntityDescription(
          kind: .app, id: "shop", name: "Shop", metadata: ["a": 1], createdAt: time, updatedAt: time)),
      .entityForgotten(Owner(kind: .run, id: "r:1/2")),
    ]
    return changes.map { (.projectChanged, ProjectEvent(GoldenSamples.projectEvent.key, $0).body) }
  }

  @Test func schemasRefuseWhatIsWrong() throws {
    let schema = try Self.json(JSONValue.self, "schemas/mneme.turn.recorded.v1.json")
    let bad: [JSONValue] = [
      [:], ["scope": [:], "messages": "x"], ["scope": [:], "messages": [["role": "user"]]],
      ["scope": [:], "messages": [], "extra": 1], ["scope": ["user_id": 5], "messages": []],
    ]
    for body in bad { #expect(!JSONSchema.problems(of: body, by: schema, at: "body").isEmpty, "\(body)") }
  }
}

/// As much of JSON Schema as the files under `topics/schemas` use.
enum JSONSchema {
  static func problems(of value: JSONValue, by schema: JSONValue, at place: String) -> [String] {
    var problems: [String] = []
    if let options = schema["oneOf"]?.arrayValue {
      let fitting = options.filter { self.problems(of: value, by: $0, at: place).isEmpty }.count
      if fitting != 1 { problems.append("\(place) fits \(fitting) of \(options.count) shapes") }
    }
    if let constant = schema["const"], constant != value { problems.append("\(place) is not \(constant)") }
    if let allowed = schema["enum"]?.arrayValue, !allowed.contains(value) { problems.append("\(place) is not allowed") }
    if let type = schema["type"]?.stringValue, !fits(value, type) { return problems + ["\(place) is no \(type)"] }
    if let object = value.objectValue, let properties = schema["properties"]?.objectValue {
      for name in schema["required"]?.arrayValue?.compactMap(\.stringValue) ?? [] where object[name] == nil {
        problems.append("\(place) lacks \(name)")
      }
      for (name, member) in object {
        if let inner = properties[name] {
          problems += self.problems(of: member, by: inner, at: "\(place).\(name)")
        } else if schema["additionalProperties"] == false {
          problems.append("\(place).\(name) is not in the schema")
        }
      }
    }
    for (index, element) in (value.arrayValue ?? []).enumerated() {
      guard let items = schema["items"] else { break }
      problems += self.problems(of: element, by: items, at: "\(place)[\(index)]")
    }
    return problems
  }

  private static func fits(_ value: JSONValue, _ type: String) -> Bool {
    switch (type, value) {
    case ("string", .string), ("boolean", .bool), ("integer", .int), ("number", .int), ("number", .double),
      ("array", .array), ("object", .object), ("null", .null):
      true
    default: false
    }
  }
}

import EventLog
import FoundationEssentials
import MnemeCore
import MnemePipeline
import Testing

/// Records under `topics/examples` were written once and are read for ever.
@Suite struct GoldenRecordTests {
  /// A record as its file has it: text, as every golden record is UTF-8.
  struct File: Codable, Hashable {
    struct Header: Codable, Hashable {
      var name: String
      var value: String
    }

    var key: String
    var headers: [Header]
    var value: String

    init(_ record: NewRecord) {
      key = String(decoding: record.key ?? [], as: UTF8.self)
      headers = record.headers.map { Header(name: $0.name, value: String(decoding: $0.value, as: UTF8.self)) }
      value = String(decoding: record.value, as: UTF8.self)
    }

    var record: LogRecord {
      LogRecord(
        position: LogPosition(TopicPartition("golden", 0), 0), appendedAtMilliseconds: 0, key: Array(key.utf8),
        value: Array(value.utf8), headers: RecordHeaders(headers.map { LogHeader($0.name, $0.value) }))
    }
  }

  static let folder = Repository.root + "/topics"

  static func file(_ name: String) throws -> File {
    let data = try #require(FileManager.default.contents(atPath: "\(folder)/examples/\(name)"), "\(name) is missing")
    return try JSONDecoder().decode(File.self, from: data)
  }

  static var names: [String] {
    (try? FileManager.default.contentsOfDirectory(atPath: folder + "/examples"))?.sorted() ?? []
  }

  @Test func everyTypeHasItsGoldenRecordAndNoneEverChanges() throws {
    for (type, record) in try GoldenSamples.records {
      let file = File(record)
      if ProcessInfo.processInfo.environment["MNEME_RECORD_GOLDEN"] == type.rawValue {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try encoder.encode(file).write(to: URL(filePath: "\(Self.folder)/examples/\(type.rawValue).json"))
      }
      #expect(try Self.file("\(type.rawValue).json") == file, "\(type.rawValue)")
    }
  }

  @Test func everyGoldenRecordOfEveryVersionIsRead() throws {
    #expect(Self.names.count >= EventType.allCases.count)
    for name in Self.names {
      let record = try Self.file(name).record
      if record.header("ce_type") == EventType.recordParked.rawValue {
        #expect(DeadLetter(parked: record) == GoldenSamples.deadLetter)
        continue
      }
      if let type = record.header("ce_type").flatMap(EventType.init(rawValue:)),
        let expected = GoldenSamples.generationEvents[type]
      {
        let (event, at) = try GenerationLog.decode(record)
        #expect(event == expected && at == GoldenSamples.time)
        continue
      }
      if record.header("ce_type") == EventType.projectChanged.rawValue {
        let (event, at) = try ProjectLog.decode(record)
        #expect(event == GoldenSamples.projectEvent && at == GoldenSamples.time)
        continue
      }
      let (event, type) = try Upcasting.lift(EventRecordCodec().decode(record))
      #expect(event.owner == GoldenSamples.owner)
      #expect(event.time == GoldenSamples.time)
      try Self.expectBody(type, event.data)
    }
  }

  static func expectBody(_ type: EventType, _ data: [UInt8]) throws {
    switch type {
    case .turnRecorded: #expect(try EventBodyCoding.decode(TurnBody.self, from: data) == GoldenSamples.turn)
    case .memoryEditRequested:
      #expect(try EventBodyCoding.decode(MemoryEditRequest.self, from: data).revision == GoldenSamples.revision)
    case .memoryDeletionRequested:
      #expect(try EventBodyCoding.decode(MemoryDeletionRequest.self, from: data).includesSuperseded)
    case .memoriesDeletionRequested:
      #expect(try EventBodyCoding.decode(MemoriesDeletionRequest.self, from: data).scope.runID == "chat-1")
    case .memoryFeedbackGiven:
      #expect(try EventBodyCoding.decode(FeedbackGiven.self, from: data) == GoldenSamples.feedback)
    case .factsExtracted: #expect(try EventBodyCoding.decode(FactsExtracted.self, from: data) == GoldenSamples.facts)
    case .turnParked:
      #expect(try EventBodyCoding.decode(TurnParked.self, from: data).reason == GoldenSamples.reason)
    case .memoriesResolved:
      #expect(try EventBodyCoding.decode(MemoriesResolved.self, from: data) == GoldenSamples.resolved)
    case .memoriesEmbedded:
      #expect(try EventBodyCoding.decode(MemoriesEmbedded.self, from: data) == GoldenSamples.embedded)
    case .deadLetterClosed:
      #expect(try EventBodyCoding.decode(DeadLetterClosed.self, from: data).decision == .redriven)
    case .webhookTriggered:
      #expect(try EventBodyCoding.decode(WebhookTriggered.self, from: data) == GoldenSamples.webhookTriggered)
    case .webhookAttempted:
      #expect(try EventBodyCoding.decode(WebhookAttempted.self, from: data) == GoldenSamples.webhookAttempted)
    case .recordParked: break
    case .generationCreated, .generationFilled, .generationPromoted, .generationRolledBack, .generationDropped,
      .generationExtractionChanged, .projectChanged:
      Issue.record("\(type.rawValue) has no owner")
    }
  }

  @Test func anOldVersionIsLiftedStepByStep() throws {
    let old = CloudEvent(
      id: "1", type: "mneme.turn.recorded.v0", source: "/test", time: GoldenSamples.time, owner: GoldenSamples.owner,
      data: Array("a".utf8))
    let steps = [
      Upcasting.Step(from: "mneme.turn.recorded.v0", to: .turnRecorded) { $0 + Array("b".utf8) }
    ]
    let (event, type) = try Upcasting.lift(old, by: steps)
    #expect(type == .turnRecorded)
    #expect(event.data == Array("ab".utf8))
    #expect(throws: EventDecodingError.self) { try Upcasting.lift(old) }
  }

  @Test func aSealedBodyNeedsItsKey() throws {
    struct Rot: PayloadSealer {
      var hasKey = true
      func seal(_ body: [UInt8], owner: OwnerKey) -> (body: [UInt8], keyID: String)? { (body.map { $0 ^ 0x5a }, "k1") }
      func open(_ body: [UInt8], keyID: String, owner: OwnerKey) -> [UInt8]? {
        hasKey && keyID == "k1" ? body.map { $0 ^ 0x5a } : nil
      }
    }
    let event = CloudEvent(
      id: "1", type: EventType.turnRecorded.rawValue, source: "/test", time: GoldenSamples.time,
      owner: GoldenSamples.owner, data: GoldenSamples.body(.turnRecorded))
    let sealed = try EventRecordCodec(sealer: Rot()).encode(event, topic: "t")
    #expect(sealed.value != event.data)
    let record = LogRecord(
      position: LogPosition(TopicPartition("t", 0), 0), appendedAtMilliseconds: 0, key: sealed.key,
      value: sealed.value, headers: RecordHeaders(sealed.headers))
    #expect(try EventRecordCodec(sealer: Rot()).decode(record) == event)
    for codec in [EventRecordCodec(sealer: Rot(hasKey: false)), EventRecordCodec()] {
      #expect { try codec.decode(record) } throws: { ($0 as? EventDecodingError)?.code == .sealed }
    }
  }
}

/// The repository's own files.
enum Repository {
  /// The folder of `Package.swift`.
  static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().path()
}

import EventLog
import Foundation
import Logging
import MnemeCore
import MnemeTesting
import Synchronization

@testable import MnemeProjection

/// Random numbers that repeat: SplitMix64.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var value = state
    value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
    return value ^ (value >> 31)
  }
}

let quiet: Logger = {
  var logger = Logger(label: "test")
  logger.logLevel = .critical
  return logger
}()

/// A log with its two topics, and a folder for the shards.
struct World: Sendable {
  static let dimension = 8

  let folder = TemporaryFolder()
  let log: any EventLog
  let configuration: ProjectionConfiguration
  let codec = EventRecordCodec()

  var memoriesTopic: String { Topics.memories(generation: configuration.generation) }
  var vectorsTopic: String { configuration.vectorsTopic }
  var directory: String { folder.path + "/projection" }

  init(
    partitionCount: Int = 3, bounds: ProjectionConfiguration.Bounds = .init(),
    log: any EventLog = InMemoryEventLog(), id: String? = nil
  ) async throws {
    self.log = log
    configuration = ProjectionConfiguration(
      id: id, generation: "g1", space: "test-8", dimension: Self.dimension, partitionCount: partitionCount,
      bounds: bounds)
    try await log.ensureTopics(
      [memoriesTopic, vectorsTopic].map {
        TopicSpecification(name: $0, partitionCount: partitionCount, retention: .forever)
      })
  }

  /// A world with these memories of `acme`'s, each with its vector, folded.
  static func holding(_ memories: [(Memory, [Float]?)], partitionCount: Int = 1) async throws -> World {
    let world = try await World(partitionCount: partitionCount)
    for (number, (memory, vector)) in memories.enumerated() {
      let owner = OwnerKey(tenant: "acme", owner: memory.scope.owner ?? user("ann").owner)
      try await world.resolve("turn-\(number)", owner, [.added(memory)])
      if let vector { try await world.embed(owner, [(memory.id, memory.text, vector)]) }
    }
    try await world.projector().catchUp()
    return world
  }

  func remove() { folder.remove() }

  func projector(_ name: String = "") throws -> Projector {
    try Projector(directory: directory + name, configuration: configuration, log: log, logger: quiet)
  }

  func reader(_ name: String = "", projector: Projector? = nil) throws -> ProjectionReader {
    try ProjectionReader(directory: directory + name, configuration: configuration, projector: projector)
  }

  func partition(of owner: OwnerKey) -> Int {
    Partitioner.partition(key: owner.bytes, count: configuration.partitionCount)
  }

  func files(_ partition: Int) -> ShardFiles {
    ShardFiles(directory: directory + "/" + configuration.id, partition: partition)
  }

  /// Appends an outcome; the turn's offset is `offset`.
  @discardableResult
  func resolve(
    _ id: String, _ owner: OwnerKey, _ events: [MemoryEvent], messages: [SpokenMessage]? = nil,
    type: EventType = .turnRecorded, outcome: MemoriesResolved.Outcome? = nil, offset: Int64 = 0,
    reason: ParkingReason? = nil, at: Int64 = 1000
  ) async throws -> LogPosition {
    try await log.append([
      record(
        id, owner, events, messages: messages, type: type, outcome: outcome, offset: offset, reason: reason, at: at)
    ])[0]
  }

  func record(
    _ id: String, _ owner: OwnerKey, _ events: [MemoryEvent], messages: [SpokenMessage]? = nil,
    type: EventType = .turnRecorded, outcome: MemoriesResolved.Outcome? = nil, offset: Int64 = 0,
    reason: ParkingReason? = nil, at: Int64 = 1000
  ) throws -> NewRecord {
    let input = InputReference(
      id: id, type: type.rawValue, partition: partition(of: owner), offset: offset,
      receivedAt: Timestamp(milliseconds: at))
    let body = MemoriesResolved(
      input: input, outcome: outcome ?? (events.isEmpty ? .nothing : .stored), events: events,
      messages: messages, reason: reason)
    return try encode(EventBodyCoding.encode(body), .memoriesResolved, owner, memoriesTopic, at: at)
  }

  @discardableResult
  func embed(_ owner: OwnerKey, _ entries: [(id: UUID, text: String, vector: [Float])]) async throws -> LogPosition {
    try await log.append([try vectors(owner, entries)])[0]
  }

  func vectors(_ owner: OwnerKey, _ entries: [(id: UUID, text: String, vector: [Float])]) throws -> NewRecord {
    let body = MemoriesEmbedded(
      space: configuration.space, dimension: Self.dimension, backend: "test",
      entries: entries.map {
        MemoriesEmbedded.Entry(
          memoryID: $0.id, textHash: Derivation.sha256($0.text), vector: VectorCoding.encode($0.vector))
      })
    return try encode(EventBodyCoding.encode(body), .memoriesEmbedded, owner, vectorsTopic, at: 1000)
  }

  func encode(
    _ body: [UInt8], _ type: EventType, _ owner: OwnerKey, _ topic: String, at: Int64,
    extensions: [String: String] = [:]
  ) throws -> NewRecord {
    let event = CloudEvent(
      id: "e", type: type.rawValue, source: "/test", time: Timestamp(milliseconds: at), owner: owner, data: body,
      extensions: extensions)
    return try codec.encode(event, topic: topic)
  }

  /// The same records folded again, elsewhere, from the beginning.
  func refolded(_ name: String) async throws -> ProjectionSummary {
    try await projector(name).catchUp()
    return try await reader(name).summary()
  }
}

func user(_ id: String, tenant: String = "acme") -> OwnerKey {
  OwnerKey(tenant: tenant, owner: Owner(kind: .user, id: id))
}

/// A unit vector along axis `axis`.
func axis(_ axis: Int) -> [Float] {
  (0..<World.dimension).map { $0 == axis ? 1 : 0 }
}

func memory(
  _ name: String, _ text: String, _ owner: OwnerKey, agentID: String? = nil, appID: String? = nil,
  runID: String? = nil, category: String = "misc", actor: String = "user", metadata: [String: JSONValue]? = nil,
  expiresAt: Int64? = nil, validTo: Int64? = nil, recordedAt: Int64 = 1000
) -> Memory {
  let userID = owner.owner.kind == .user ? owner.owner.id : nil
  let scope = Scope(
    userID: userID, agentID: owner.owner.kind == .agent ? owner.owner.id : userID == nil ? nil : agentID, appID: appID,
    runID: owner.owner.kind == .run ? owner.owner.id : runID)
  return Memory(
    id: id(name, owner), text: text, category: category, scope: scope, actor: actor, subject: "user", attribute: nil,
    value: nil, polarity: .positive, confidence: 0.5,
    validFrom: Moment(Timestamp(milliseconds: recordedAt), .stated),
    validTo: validTo.map { Moment(Timestamp(milliseconds: $0), .stated) }, sources: [source(name, runID: runID)],
    metadata: metadata, expiresAt: expiresAt.map { Timestamp(milliseconds: $0) }, recipe: "r",
    recordedAt: Timestamp(milliseconds: recordedAt), updatedAt: Timestamp(milliseconds: recordedAt))
}

func source(_ event: String, _ messageIndex: Int = 0, runID: String? = nil) -> Source {
  Source(
    eventID: event, messageIndex: messageIndex, role: "user", time: Moment(Timestamp(milliseconds: 500), .stated),
    quote: "quote", runID: runID)
}

func id(_ name: String, _ owner: OwnerKey) -> UUID {
  Derivation.uuid("test", owner.description, name)
}

func all(_ tenant: String = "acme", _ filter: Filter? = nil, includesEnded: Bool = false) -> MemoryQuery {
  MemoryQuery(tenant: tenant, filter: filter, includesEnded: includesEnded, notExpiredAt: nil)
}

func isUser(_ id: String) -> Filter { .compare(.userID, .eq, .string(id)) }

extension ProjectionReader {
  /// Texts of all memories of a query, in order of the page.
  func texts(_ query: MemoryQuery) async throws -> [String] {
    try await self.memories(query, offset: 0, limit: 100_000).memories.map(\.memory.text)
  }

  /// Texts of the hits of a search, best first.
  func hits(
    _ query: MemoryQuery, _ text: String = "", vector: [Float]? = nil, limit: Int = 10, minimumScore: Double = 0
  ) async throws -> [String] {
    try await self.search(
      SearchRequest(query: query, text: text, vector: vector, limit: limit, minimumScore: minimumScore)
    ).map(\.view.memory.text)
  }
}

/// A value that several tasks change.
final class Shared<Value: Sendable>: Sendable {
  private let state: Mutex<Value>

  init(_ value: Value) { self.state = Mutex(value) }

  var value: Value { self.state.withLock { $0 } }

  @discardableResult
  func change<Result: Sendable>(_ body: @Sendable (inout Value) -> Result) -> Result {
    self.state.withLock { body(&$0) }
  }
}

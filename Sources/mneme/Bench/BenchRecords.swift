import EventLog
import FoundationEssentials
import LanguageModel
import MnemeCore

/// Records of the memories and vectors topics as resolution writes them: sentences, sources with their quotes,
/// metadata, vectors of length 1. Most turns bring a memory; some say one again, replace one, or bring nothing.
struct BenchRecords {
  private let codec: EventRecordCodec
  private let memoriesTopic: String
  private let vectorsTopic: String
  private let space: String
  private let dimension: Int
  private let ownerCount: Int
  private let name: String
  private let vectors: BenchVectors?
  private var texts: BenchTexts
  private var random: SplitMix64
  private var known: [Int: [UUID]] = [:]

  private static let start = Timestamp(CivilDay(year: 2026, month: 1, day: 1))

  /// Records of users whose names begin with `name`. Vectors are of random directions, or near those of sentences.
  init(
    codec: EventRecordCodec, generation: String, space: String, dimension: Int, ownerCount: Int,
    name: String = "user", vectors: BenchVectors? = nil
  ) {
    self.codec = codec
    self.memoriesTopic = Topics.memories(generation: generation)
    self.vectorsTopic = Topics.vectors(space: space, generation: generation)
    self.space = space
    self.dimension = dimension
    self.ownerCount = ownerCount
    self.name = name
    self.vectors = vectors
    self.texts = BenchTexts(seed: 1)
    self.random = SplitMix64(seed: 2)
  }

  /// The records of turn `number`: one of memories, and one of vectors where there is a new text.
  mutating func records(ofTurn number: Int) throws -> [NewRecord] {
    let at = time(number)
    return try records(ofTurn: number, events(number, number % ownerCount, at), at)
  }

  /// The records of a turn that brings a memory, and nothing else. An owner's turns follow each other.
  mutating func plainRecords(ofTurn number: Int) throws -> [NewRecord] {
    let at = time(number)
    return try records(ofTurn: number, [.added(memory(number, number % ownerCount, at))], at)
  }

  /// What `plainRecords(ofTurn:)` brings, as it is.
  mutating func plainMemory(ofTurn number: Int) -> (memory: Memory, vector: [Float]) {
    let memory = memory(number, number % ownerCount, time(number))
    return (memory, vector())
  }

  private func time(_ number: Int) -> Timestamp {
    Timestamp(milliseconds: Self.start.milliseconds + Int64(number) * 1000)
  }

  private mutating func records(
    ofTurn number: Int, _ events: [MemoryEvent], _ at: Timestamp
  ) throws -> [NewRecord] {
    let user = number % ownerCount
    let owner = OwnerKey(tenant: "default", owner: Owner(kind: .user, id: "\(name)-\(user)"))
    let input = InputReference(
      id: "\(name)-turn-\(number)", type: EventType.turnRecorded.rawValue, partition: 0, offset: Int64(number),
      receivedAt: at)
    let body = MemoriesResolved(input: input, outcome: events.isEmpty ? .nothing : .stored, events: events)
    var records = [
      try record(
        .memoriesResolved, EventBodyCoding.encode(body), owner, at, memoriesTopic, "\(name)-memories-\(number)")
    ]
    let entries = events.compactMap { event -> MemoriesEmbedded.Entry? in
      guard case .added(let memory) = event else { return nil }
      return MemoriesEmbedded.Entry(
        memoryID: memory.id, textHash: Derivation.sha256(memory.text), vector: VectorCoding.encode(vector()))
    }
    if !entries.isEmpty {
      let body = MemoriesEmbedded(space: space, dimension: dimension, backend: "bench", entries: entries)
      records.append(
        try record(
          .memoriesEmbedded, EventBodyCoding.encode(body), owner, at, vectorsTopic, "\(name)-vectors-\(number)"))
    }
    return records
  }

  private func record(
    _ type: EventType, _ body: [UInt8], _ owner: OwnerKey, _ at: Timestamp, _ topic: String, _ name: String
  ) throws -> NewRecord {
    let event = CloudEvent(
      id: Derivation.uuid("bench", name).text, type: type.rawValue, source: "/mneme/resolve", time: at, owner: owner,
      data: body)
    return try codec.encode(event, topic: topic)
  }

  private mutating func events(_ number: Int, _ user: Int, _ at: Timestamp) -> [MemoryEvent] {
    let own = known[user] ?? []
    switch (random.below(100), own.isEmpty) {
    case (0..<2, _): return []
    case (2..<6, false):
      let source = source(number, user, at, "the same again")
      return [.reinforced(id: own[random.below(own.count)], source: source, at: at)]
    case (6..<10, false):
      let old = known[user]?.remove(at: random.below(own.count))
      let memory = memory(number, user, at)
      guard let old else { return [.added(memory)] }
      return [.superseded(id: old, by: memory.id, validTo: Moment(at, .stated), at: at), .added(memory)]
    case _: return [.added(memory(number, user, at))]
    }
  }

  private mutating func memory(_ number: Int, _ user: Int, _ at: Timestamp) -> Memory {
    let text = texts.statement(number)
    let memory = Memory(
      id: Derivation.uuid("bench memory", name, String(number)), text: text, category: "misc",
      scope: Scope(userID: "\(name)-\(user)", runID: number % 3 == 0 ? "session-\(number / 50)" : nil), actor: "user",
      subject: "user", attribute: number % 10 == 0 ? "hobby" : nil, value: number % 10 == 0 ? "chess" : nil,
      polarity: .positive, confidence: 0.75, validFrom: Moment(at, .received), validTo: nil,
      sources: [source(number, user, at, text)],
      metadata: number % 4 == 0
        ? ["channel": "support", "priority": .int(Int64(number % 5)), "tags": ["a", "b"]] : nil,
      expiresAt: nil, recipe: "rules-1", recordedAt: at, updatedAt: at)
    known[user, default: []].append(memory.id)
    return memory
  }

  private func source(_ number: Int, _ user: Int, _ at: Timestamp, _ quote: String) -> Source {
    Source(
      eventID: "\(name)-turn-\(number)", messageIndex: 0, messageID: "message-\(number)", role: "user",
      time: Moment(at, .received), quote: quote, runID: number % 3 == 0 ? "session-\(number / 50)" : nil)
  }

  private mutating func vector() -> [Float] {
    if let vectors { return vectors.vector(&random) }
    let vector = (0..<dimension).map { _ in Float(random.below(2001) - 1000) + 0.5 }
    return VectorMath.normalized(vector) ?? vector
  }
}

/// Vectors as sentences have them: each near that of one of some sentences that were embedded.
struct BenchVectors: Sendable {
  private let known: [[Float]]

  /// Sentences that are embedded.
  private static let sentenceCount = 2000
  /// Length of what is added to a sentence's vector, whose own is 1: two of one sentence have a cosine of about 0.8.
  private static let spread: Float = 0.5

  init(_ embedder: any Embedder) async throws {
    var texts = BenchTexts(seed: 11)
    var known: [[Float]] = []
    let sentences = (0..<Self.sentenceCount).map { texts.statement($0) }
    for start in stride(from: 0, to: sentences.count, by: 64) {
      known += try await embedder.embed(Array(sentences[start..<min(start + 64, sentences.count)]))
    }
    self.known = known
  }

  /// A vector of length 1.
  func vector(_ random: inout SplitMix64) -> [Float] {
    let base = known[random.below(known.count)]
    // Uniform in ±1, whose variance is a third.
    let scale = Self.spread * (3 / Float(base.count)).squareRoot()
    let vector = base.map { $0 + scale * (Float(random.below(2001)) / 1000 - 1) }
    return VectorMath.normalized(vector) ?? base
  }
}

public import EventLog
import FoundationEssentials
public import LanguageModel
public import MnemeCore

/// Follows a generation's memories and embeds their texts in another space than the one they were decided in.
///
/// For each memories record it writes one vectors record, also where there is nothing to embed: it tells how far the
/// space is filled, so that a projection never shows a memory before its vector. Records that were decided in this very
/// space have theirs already, and need no word.
public struct EmbeddingStage: Stage {
  /// How much is done at once.
  public struct Bounds: Sendable {
    /// Records that are processed and committed together, at most.
    public var maxBatchRecordCount: Int

    /// Bounds with all their parts.
    public init(maxBatchRecordCount: Int = 64) {
      self.maxBatchRecordCount = maxBatchRecordCount
    }
  }

  /// `embed`.
  public let name = "embed"
  /// `mneme.embed.<id>`.
  public let group: String
  /// `mneme.memories.<generation>`.
  public let topic: String
  /// As the bounds have it.
  public let maxBatchRecordCount: Int

  private let vectorsTopic: String
  private let selection: ReplaySelection?
  private let embedding: EmbeddingCaller
  private let codec: EventRecordCodec
  private let environment: PipelineEnvironment

  /// The stage that fills the space of `generation` with `embedder`, which fills the same one.
  public init(
    generation: Generation, embedder: any Embedder, codec: EventRecordCodec, retry: RetryPolicy,
    environment: PipelineEnvironment, bounds: Bounds = Bounds()
  ) {
    precondition(embedder.space.name == generation.embedding.space, "the embedder fills the generation's space")
    self.group = Self.group(of: generation)
    self.topic = generation.memoriesTopic
    self.vectorsTopic = generation.vectorsTopic
    self.selection = generation.selection
    self.maxBatchRecordCount = bounds.maxBatchRecordCount
    self.embedding = EmbeddingCaller(embedder: embedder, retry: retry, environment: environment)
    self.codec = codec
    self.environment = environment
  }

  /// The group in which workers share the partitions.
  public static func group(of generation: Generation) -> String { "mneme.embed.\(generation.id)" }

  /// Nothing is held.
  public func didCommit(_ partition: Int) async {}
  /// Nothing is held.
  public func reset(_ partition: Int) async {}

  /// One vectors record for each record, and a dead letter where its texts cannot be embedded.
  public func process(_ records: [LogRecord], of partition: Int) async throws -> [NewRecord] {
    let inputs = records.map { Input($0, codec: codec, selection) }.filter { $0.space != embedding.embedder.space.name }
    let vectors = try await embedding.embed(
      inputs.map { EmbeddingCaller.Group(owner: $0.owner ?? Self.nobody, texts: $0.texts.map(\.text)) })
    var output: [NewRecord] = []
    for (input, result) in zip(inputs, vectors) {
      switch result {
      case .success(let vectors): output.append(try record(input, vectors))
      case .failure(let failure):
        output.append(parked(input.record, failure))
        output.append(try record(input, []))
      }
    }
    return output
  }

  /// The dead letter, and how far the space is filled.
  public func park(_ record: LogRecord, of partition: Int, for reason: ParkingReason) async throws -> [NewRecord] {
    let input = Input(record, codec: codec, selection)
    return [DeadLetter(record, reason: reason, at: environment.now()).record, try self.record(input, [])]
  }

  // MARK: Reading

  private struct Input {
    let record: LogRecord
    /// nil where the record is none of ours; then it brings no texts either.
    let owner: OwnerKey?
    let id: String
    /// The space that it was decided in; nil where it does not tell.
    let space: String?
    /// Texts that have no vector in this space yet, with their memories.
    let texts: [(memory: UUID, text: String)]

    init(_ record: LogRecord, codec: EventRecordCodec, _ selection: ReplaySelection?) {
      self.record = record
      // What cannot be read has no texts: the projector reports it.
      let event = try? Upcasting.lift(codec.decode(record)).0
      self.owner = event?.owner ?? record.key.flatMap { String(validating: $0, as: UTF8.self) }.flatMap { OwnerKey($0) }
      self.id = event?.id ?? record.position.description
      self.space = event?.extensions[EventAttribute.space]
      guard let event,
        let body = try? EventBodyCoding.decode(MemoriesResolved.self, from: event.data),
        selection?.contains(event.owner, receivedAt: body.input.receivedAt) ?? true
      else {
        self.texts = []
        return
      }
      self.texts = body.events.compactMap { change in change.newText.map { (change.memoryID, $0) } }
    }
  }

  // MARK: Writing

  private func record(_ input: Input, _ vectors: [[Float]]) throws -> NewRecord {
    let space = embedding.embedder.space
    let entries = zip(input.texts, vectors).map { item, vector in
      MemoriesEmbedded.Entry(
        memoryID: item.memory, textHash: Derivation.sha256(item.text), vector: VectorCoding.encode(vector))
    }
    let body = MemoriesEmbedded(
      space: space.name, dimension: space.dimension, backend: embedding.embedder.backend, entries: entries)
    let position = input.record.position
    let event = CloudEvent(
      id: Derivation.uuid("embedded", space.name, position.topicPartition.description, input.id).text,
      type: EventType.memoriesEmbedded.rawValue, source: "/mneme/embed", time: environment.now(),
      owner: input.owner ?? Self.nobody, data: EventBodyCoding.encode(body),
      extensions: [EventAttribute.memoriesNext: String(position.offset + 1)])
    return try codec.encode(event, topic: vectorsTopic, partition: position.topicPartition.partition)
  }

  /// Stands for the owner of a record whose key is damaged: the mark of how far the space is filled needs some owner.
  private static let nobody = OwnerKey(tenant: "mneme", owner: Owner(kind: .agent, id: "nobody"))

  private func parked(_ record: LogRecord, _ failure: EmbeddingCaller.Failure) -> NewRecord {
    let reason = ParkingReason(
      stage: name, code: failure.error.code.rawValue, detail: failure.error.description, attempts: failure.attempts)
    return DeadLetter(record, reason: reason, at: environment.now()).record
  }
}

extension LogPosition {
  fileprivate var description: String { "\(topicPartition)/\(offset)" }
}

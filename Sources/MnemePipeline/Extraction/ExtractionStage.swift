public import EventLog
public import LanguageModel
public import MnemeCore

/// Turns into facts. Keeps no state: one record in, one record out, and the result depends on the turn alone.
public struct ExtractionStage: Stage {
  /// How much is asked at once.
  public struct Bounds: Sendable {
    /// Turns that are processed and committed together, at most.
    public var maxBatchRecordCount: Int
    /// Characters of messages in one call, at most; one longer turn still goes alone.
    public var maxCharacterCountPerCall: Int

    /// Bounds with all their parts.
    public init(maxBatchRecordCount: Int = 64, maxCharacterCountPerCall: Int = 12_000) {
      self.maxBatchRecordCount = maxBatchRecordCount
      self.maxCharacterCountPerCall = maxCharacterCountPerCall
    }
  }

  /// `extract`.
  public let name = "extract"
  /// `mneme.extract.<generation>`, of the generation whose facts these are.
  public let group: String
  /// `mneme.turns`.
  public let topic = Topics.turns
  /// As the bounds have it.
  public var maxBatchRecordCount: Int { bounds.maxBatchRecordCount }

  private let factsTopic: String
  private let codec: EventRecordCodec
  private let environment: PipelineEnvironment
  private let bounds: Bounds
  private let caller: ExtractionCaller
  private let parent: ParentFacts?

  /// The stage that derives the facts of `generation` with `extractor`. `limit` bounds the calls in flight, over all
  /// partitions. What `parent` has to give is taken from there instead.
  public init(
    generation: String, extractor: any Extractor, codec: EventRecordCodec, retry: RetryPolicy,
    limit: ConcurrencyLimit, environment: PipelineEnvironment, parent: ParentFacts? = nil, bounds: Bounds = Bounds()
  ) {
    self.group = Self.group(facts: generation)
    self.factsTopic = Topics.facts(generation: generation)
    self.parent = parent
    self.codec = codec
    self.environment = environment
    self.bounds = bounds
    self.caller = ExtractionCaller(extractor: extractor, retry: retry, limit: limit, environment: environment)
  }

  /// The group in which workers share the turns' partitions to derive `facts`.
  public static func group(facts: String) -> String { "mneme.extract.\(facts)" }

  /// Nothing is held.
  public func didCommit(_ partition: Int) async {}
  /// Nothing is held.
  public func reset(_ partition: Int) async {}

  /// One facts record, or one dead letter and the word of it, for each turn; commands pass through.
  public func process(_ records: [LogRecord], of partition: Int) async throws -> [NewRecord] {
    let inputs = records.map { Input($0, codec: codec) }
    let taken = try await takeFromParent(inputs)
    let results = try await extract(inputs, except: taken)
    var output: [NewRecord] = []
    for (index, input) in inputs.enumerated() {
      if let event = taken[index] {
        output.append(try codec.encode(event, topic: factsTopic, partition: self.partition(input)))
      } else {
        output += try self.output(of: input, result: results[index])
      }
    }
    return output
  }

  /// The turn's outcome, and its dead letter.
  public func park(_ record: LogRecord, of partition: Int, for reason: ParkingReason) async throws -> [NewRecord] {
    let event: CloudEvent? =
      switch Input(record, codec: codec).content {
      case .turn(let event, _), .command(let event): event
      case .unreadable(_, let event): event
      }
    return try parked(record, event: event, reason: reason)
  }

  // MARK: Reading

  private struct Input {
    let record: LogRecord
    let content: Content

    enum Content {
      case turn(CloudEvent, Turn)
      case command(CloudEvent)
      /// Cannot be read; the event where at least its envelope could be.
      case unreadable(EventDecodingError, CloudEvent?)
    }

    init(_ record: LogRecord, codec: EventRecordCodec) {
      self.record = record
      var envelope: CloudEvent?
      do {
        let raw = try codec.decode(record)
        envelope = raw
        let (event, type) = try Upcasting.lift(raw)
        self.content = try Self.content(event, type)
      } catch let error as EventDecodingError {
        self.content = .unreadable(error, envelope)
      } catch {
        self.content = .unreadable(EventDecodingError(.malformedBody, "the body cannot be read"), envelope)
      }
    }

    private static func content(_ event: CloudEvent, _ type: EventType) throws -> Content {
      switch type {
      case .turnRecorded:
        let body = try EventBodyCoding.decode(TurnBody.self, from: event.data)
        return .turn(event, Turn(id: event.id, owner: event.owner, receivedAt: event.time, body: body))
      case .memoryEditRequested:
        _ = try EventBodyCoding.decode(MemoryEditRequest.self, from: event.data)
        return .command(event)
      case .memoryDeletionRequested:
        _ = try EventBodyCoding.decode(MemoryDeletionRequest.self, from: event.data)
        return .command(event)
      case .memoriesDeletionRequested:
        _ = try EventBodyCoding.decode(MemoriesDeletionRequest.self, from: event.data)
        return .command(event)
      case .memoryFeedbackGiven:
        _ = try EventBodyCoding.decode(FeedbackGiven.self, from: event.data)
        return .command(event)
      case .factsExtracted, .turnParked, .memoriesResolved, .memoriesEmbedded, .recordParked, .deadLetterClosed,
        .generationCreated, .generationFilled, .generationPromoted, .generationRolledBack, .generationDropped,
        .generationExtractionChanged, .projectChanged, .webhookTriggered, .webhookAttempted:
        throw EventDecodingError(.unknownType, "type \"\(type.rawValue)\" does not belong on \(Topics.turns)")
      }
    }
  }

  // MARK: Extracting

  /// What the parent has of each input that need not be derived again, by index.
  private func takeFromParent(_ inputs: [Input]) async throws -> [Int: CloudEvent] {
    guard let parent else { return [:] }
    var taken: [Int: CloudEvent] = [:]
    for (index, input) in inputs.enumerated() {
      guard case .turn(let event, _) = input.content else { continue }
      taken[index] = try await parent.facts(of: event, at: input.record.position)
    }
    return taken
  }

  /// One result for each other input that is a turn; calls of all owners run side by side, bounded by the caller's
  /// limit.
  private func extract(
    _ inputs: [Input], except taken: [Int: CloudEvent]
  ) async throws -> [ExtractionCaller.Result?] {
    var results = [ExtractionCaller.Result?](repeating: nil, count: inputs.count)
    let turns = inputs.enumerated().compactMap { index, input -> (index: Int, turn: Turn)? in
      guard case .turn(_, let turn) = input.content, turn.body.infer, taken[index] == nil else { return nil }
      return (index, turn)
    }
    let batches = ExtractionBatches(
      maxTurnCount: caller.maxTurnsPerCall, maxCharacterCount: bounds.maxCharacterCountPerCall)
    try await withThrowingTaskGroup(of: [(Int, ExtractionCaller.Result)].self) { group in
      for call in batches.calls(turns) {
        group.addTask {
          let answers = try await self.caller.extract(call.map(\.turn))
          return zip(call.map(\.index), answers).map { ($0, $1) }
        }
      }
      for try await answers in group {
        for (index, result) in answers { results[index] = result }
      }
    }
    return results
  }

  // MARK: Writing

  private func output(of input: Input, result: ExtractionCaller.Result?) throws -> [NewRecord] {
    switch input.content {
    case .unreadable(let error, let event):
      let reason = ParkingReason(
        stage: "extract", code: error.code.rawValue, detail: error.description, attempts: 1)
      return try parked(input.record, event: event, reason: reason)
    case .command(let event):
      return [try codec.encode(passedThrough(event, input.record), topic: factsTopic, partition: partition(input))]
    case .turn(let event, let turn):
      guard turn.body.infer else {
        return [try facts(input, event, turn, VerbatimExtraction.extract(turn), VerbatimExtraction.recipe)]
      }
      switch result {
      case .extracted(let extraction): return [try facts(input, event, turn, extraction, caller.recipe.id)]
      case .failed(let reason): return try parked(input.record, event: event, reason: reason)
      case nil: preconditionFailure("a turn to be extracted has a result")
      }
    }
  }

  private func facts(
    _ input: Input, _ event: CloudEvent, _ turn: Turn, _ extraction: Extraction, _ recipe: String
  ) throws -> NewRecord {
    let body = FactsExtracted(
      input: reference(event, input.record), turn: TurnContext(turn, facts: extraction.facts),
      facts: extraction.facts, recipe: recipe, reply: extraction.reply, promptTokens: extraction.promptTokens,
      completionTokens: extraction.completionTokens,
      inputHash: turn.body.infer ? ExtractionInput.hash(of: turn, recipe: caller.recipe) : nil)
    let facts = CloudEvent(
      id: Derivation.uuid("facts", turn.owner.description, turn.id, recipe).text,
      type: EventType.factsExtracted.rawValue, source: "/mneme/extract", time: environment.now(), owner: turn.owner,
      data: EventBodyCoding.encode(body))
    return try codec.encode(facts, topic: factsTopic, partition: partition(input))
  }

  private func parked(_ record: LogRecord, event: CloudEvent?, reason: ParkingReason) throws -> [NewRecord] {
    let letter = DeadLetter(record, reason: reason, at: environment.now())
    guard let event else { return [letter.record] }
    let word = CloudEvent(
      id: Derivation.uuid("parked", letter.id).text, type: EventType.turnParked.rawValue, source: "/mneme/extract",
      time: environment.now(), owner: event.owner,
      data: EventBodyCoding.encode(TurnParked(input: reference(event, record), reason: reason)))
    let partition = record.position.topicPartition.partition
    return [letter.record, try codec.encode(word, topic: factsTopic, partition: partition)]
  }

  private func passedThrough(_ event: CloudEvent, _ record: LogRecord) -> CloudEvent {
    var event = event
    event.extensions[InputPosition.partition] = String(record.position.topicPartition.partition)
    event.extensions[InputPosition.offset] = String(record.position.offset)
    return event
  }

  private func reference(_ event: CloudEvent, _ record: LogRecord) -> InputReference {
    InputReference(
      id: event.id, type: event.type, partition: record.position.topicPartition.partition,
      offset: record.position.offset, receivedAt: event.time, firstOffset: InputPosition.firstOffset(of: event))
  }

  private func partition(_ input: Input) -> Int { input.record.position.topicPartition.partition }
}

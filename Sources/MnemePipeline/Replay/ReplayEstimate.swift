public import EventLog
public import LanguageModel
public import MnemeCore

/// What a replay would take: what is known is counted, the rest is estimated from a sample.
public struct ReplayEstimate: Sendable, Encodable {
  /// Turns, or memories' texts, that are derived anew.
  public var items: Int
  /// Calls of the model that they take, besides what is answered already.
  public var calls: Int
  /// Tokens sent, estimated.
  public var promptTokens: Int
  /// Tokens received, estimated.
  public var completionTokens: Int
  /// In US dollars, estimated; nil without a price.
  public var cost: Double?
  /// Seconds, estimated.
  public var seconds: Double
  /// How many of them were tried out.
  public var sampled: Int
  /// Calls of the sample that brought no usable answer.
  public var failedCalls: Int

  /// An estimate with all its parts.
  public init(
    items: Int, calls: Int, promptTokens: Int, completionTokens: Int, cost: Double?, seconds: Double, sampled: Int,
    failedCalls: Int = 0
  ) {
    self.items = items
    self.calls = calls
    self.promptTokens = promptTokens
    self.completionTokens = completionTokens
    self.cost = cost
    self.seconds = seconds
    self.sampled = sampled
    self.failedCalls = failedCalls
  }
}

/// Reads what a replay would derive anew, and tries some of it out.
public struct ReplayEstimator: Sendable {
  private let log: any EventLog
  private let codec: EventRecordCodec
  private let selection: ReplaySelection?
  private let sampleCount: Int
  private let seed: UInt64

  /// Turns that are looked at together, as a stage would.
  private static let batchRecordCount = ExtractionStage.Bounds().maxBatchRecordCount

  /// An estimator that tries `sampleCount` items, chosen by `seed`.
  public init(
    log: any EventLog, codec: EventRecordCodec, selection: ReplaySelection?, sampleCount: Int, seed: UInt64 = 1
  ) {
    self.log = log
    self.codec = codec
    self.selection = selection
    self.sampleCount = sampleCount
    self.seed = seed
  }

  /// What a reextraction by `extractor` would take, with `concurrency` calls in flight. The sample is really asked
  /// about.
  /// - Throws: `EventLogError`, `ModelError` where the model answers nothing of it.
  public func reextraction(
    _ extractor: any Extractor, budget: ReplayBudget, price: TokenPrice?, concurrency: Int
  ) async throws -> ReplayEstimate {
    var sample = Reservoir<[Turn]>(capacity: sampleCount, seed: seed)
    var turnCount = 0
    var callCount = 0
    let batches = ExtractionBatches(maxTurnCount: extractor.maxTurnsPerCall)
    try await forEachBatch(of: Topics.turns) { event, type in
      guard type == .turnRecorded, let body = try? EventBodyCoding.decode(TurnBody.self, from: event.data),
        body.infer, selection?.contains(event.owner, receivedAt: event.time) ?? true
      else { return nil }
      return Turn(id: event.id, owner: event.owner, receivedAt: event.time, body: body)
    } body: { (turns: [Turn]) in
      turnCount += turns.count
      let calls = batches.calls(turns.enumerated().map { ($0, $1) })
      callCount += calls.count
      for call in calls { sample.add(call.map(\.turn)) }
    }
    guard extractor.recipe.model != ExtractionInput.noModel else { return estimateRules(turnCount) }
    let started = ContinuousClock.now
    var asked = 0
    var failedCount = 0
    for turns in sample.items {
      do {
        _ = try await extractor.extract(turns)
        asked += turns.count
      } catch let error as ModelError {
        failedCount += 1
        if failedCount == sample.items.count { throw error }
      }
    }
    let spent = budget.spending
    let seconds = started.duration(to: .now) / .seconds(1)
    // Where the sample was answered before, nothing tells what the rest costs but the length of the prompts.
    let perCall = spent.callCount > 0 ? 1 / Double(spent.callCount) : 0
    let prompts = Double(spent.promptTokens) * perCall * Double(callCount)
    let completions = Double(spent.completionTokens) * perCall * Double(callCount)
    let estimate = (prompts * (price?.prompt ?? 0) + completions * (price?.completion ?? 0)) / 1_000_000
    return ReplayEstimate(
      items: turnCount, calls: callCount, promptTokens: Int(prompts), completionTokens: Int(completions),
      cost: price == nil ? nil : estimate,
      seconds: seconds * perCall * Double(callCount) / Double(max(1, concurrency)), sampled: asked,
      failedCalls: failedCount)
  }

  private func estimateRules(_ turnCount: Int) -> ReplayEstimate {
    ReplayEstimate(
      items: turnCount, calls: 0, promptTokens: 0, completionTokens: 0, cost: 0,
      seconds: Double(turnCount) / Self.ruleTurnsPerSecond, sampled: 0)
  }

  /// What the built-in rules manage with resolution behind them on two cores, measured by `mneme bench ingest`.
  private static let ruleTurnsPerSecond = 600.0

  /// What a reembedding of `topic`'s memories by `embedder` would take.
  /// - Throws: `EventLogError`, `ModelError` where the model does not answer.
  public func reembedding(
    _ embedder: any Embedder, topic: String, price: TokenPrice?
  ) async throws -> ReplayEstimate {
    var sample = Reservoir<String>(capacity: sampleCount, seed: seed)
    var count = 0
    var byteCount = 0
    try await forEachBatch(of: topic) { event, type in
      guard type == .memoriesResolved, let body = try? EventBodyCoding.decode(MemoriesResolved.self, from: event.data),
        selection?.contains(event.owner, receivedAt: body.input.receivedAt) ?? true
      else { return nil }
      return body.events.compactMap(\.newText)
    } body: { (texts: [[String]]) in
      for text in texts.joined() {
        count += 1
        byteCount += text.utf8.count
        sample.add(text)
      }
    }
    let started = ContinuousClock.now
    if !sample.items.isEmpty { _ = try await embedder.embed(sample.items) }
    let seconds = started.duration(to: .now) / .seconds(1)
    let tokens = byteCount / 4
    let scale = Double(count) / Double(max(1, sample.items.count))
    return ReplayEstimate(
      items: count, calls: Int(scale.rounded(.up)), promptTokens: tokens, completionTokens: 0,
      cost: price.map { Double(tokens) * $0.prompt / 1_000_000 }, seconds: seconds * scale, sampled: sample.items.count)
  }

  private func forEachBatch<Item: Sendable>(
    of topic: String, _ read: (CloudEvent, EventType) -> Item?, body: ([Item]) -> Void
  ) async throws {
    for (partition, bounds) in try await log.bounds(of: topic).enumerated() {
      var next = bounds.earliest
      while next < bounds.end {
        let records = try await log.read(
          TopicPartition(topic, partition), from: next, limit: ReadLimit(maxRecordCount: Self.batchRecordCount))
        guard let last = records.last else { break }
        next = last.position.offset + 1
        body(
          records.compactMap { record in
            guard let (event, type) = try? Upcasting.lift(codec.decode(record)) else { return nil }
            return read(event, type)
          })
      }
    }
  }
}

/// A sample of a stream in which each item has the same chance (Vitter, "Random Sampling with a Reservoir", 1985,
/// algorithm R).
struct Reservoir<Item> {
  let capacity: Int
  private(set) var items: [Item] = []
  private var seenCount = 0
  private var random: SplitMix64

  init(capacity: Int, seed: UInt64) {
    self.capacity = capacity
    self.random = SplitMix64(seed: seed)
  }

  mutating func add(_ item: Item) {
    seenCount += 1
    if items.count < capacity {
      items.append(item)
    } else {
      let place = random.below(seenCount)
      if place < capacity { items[place] = item }
    }
  }
}

import ArgumentParser
import LanguageModel
import MnemeCore
import MnemePipeline

/// `mneme replay reextract`: a new generation of facts from the turns, or of memories from the facts.
struct Reextract: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Derive all facts again, beside those that are read, with the settings' prompt and model.",
    discussion: """
      Fills a new generation; readers notice nothing until mneme generations promote. Killed and started again it goes \
      on where it was; several processes share the work. What was answered before is not asked again. Whoever is left \
      out by --since, --until, --owner or --tenant keeps the facts that are there. What a person deleted or edited \
      stays so.
      """)

  /// What the new generation is derived from.
  enum Source: String, ExpressibleByArgument, CaseIterable {
    case turns, facts
  }

  @Option(help: "Derive from 'turns', asking the model, or from 'facts', deciding anew only.")
  var from = Source.turns
  @Option(help: "Stop once so many tokens were spent, by all runs and workers together.") var maxTokens: Int?
  @Option(help: "Stop once so many US dollars were spent; needs the prices of the model.") var maxCost: Double?
  @Option(help: "Policy: two statements of at least this cosine, and with the same names and numbers, are one.")
  var nearDuplicateCosine: Float?
  @OptionGroup var replay: ReplayOptions
  @OptionGroup var settings: SettingsOptions

  func validate() throws {
    if let maxTokens, maxTokens < 1 { throw ValidationError("--max-tokens must be at least 1") }
    if let maxCost, maxCost <= 0 { throw ValidationError("--max-cost must be more than 0 US dollars") }
    if let nearDuplicateCosine, !(0.5...1).contains(nearDuplicateCosine) {
      throw ValidationError("--near-duplicate-cosine must be from 0.5 to 1")
    }
  }

  func run() async throws {
    try await ReplayRun.with(settings) { run in
      let price = try run.system.settings.tokenPrice()
      if maxCost != nil, price == nil {
        throw SettingsError(
          "--max-cost needs \(Setting.llmPromptPrice.flag) and \(Setting.llmCompletionPrice.flag)")
      }
      let budget = ReplayBudget(maxTokens: maxTokens, maxCost: maxCost, price: price)
      let wanted = try await wanted(run)
      let replies = try ReplyStore(directory: run.system.stateDirectory)
      if replay.dryRun { return try await estimate(run, wanted, replies, price) }
      try await fill(run, wanted, replies, budget)
    }
  }

  /// The generation that the settings ask for, as yet without a name.
  private func wanted(_ run: ReplayRun) async throws -> Generation {
    let parent = run.active
    var policy = parent.policy
    if let nearDuplicateCosine { policy.nearDuplicateCosine = nearDuplicateCosine }
    return Generation(
      id: "", origin: from == .turns ? .reextract : .reresolve, parent: parent.id,
      extraction: from == .turns ? try run.system.settings.extraction() : parent.extraction, policy: policy,
      embedding: parent.embedding, facts: from == .turns ? "" : parent.facts, selection: replay.selection)
  }

  private func estimate(
    _ run: ReplayRun, _ wanted: Generation, _ replies: ReplyStore, _ price: TokenPrice?
  ) async throws {
    let estimator = ReplayEstimator(
      log: run.system.log, codec: run.system.codec, selection: wanted.selection, sampleCount: replay.sample)
    let budget = ReplayBudget()
    let base = try await run.models.extractor(from == .turns ? wanted.extraction : ExtractionSpecification())
    let estimate = try await estimator.reextraction(
      ReplayExtractor(base, replies: replies, budget: budget), budget: budget, price: price,
      concurrency: try run.system.settings.integer(.llmConcurrency, in: 1...1024))
    try ReplayReports.show(estimate, unit: "turns", json: replay.json)
  }

  private func fill(
    _ run: ReplayRun, _ wanted: Generation, _ replies: ReplyStore, _ budget: ReplayBudget
  ) async throws {
    let generation = try await run.begin(wanted)
    try await noteEarlierReplies(run, generation, replies)
    var services = GenerationServices(system: run.system, models: run.models, instance: run.instance)
    services.bounds = replay.bounds
    services.wrap = { ReplayExtractor($0, replies: replies, budget: budget) }
    let parent = run.active
    if let selection = generation.selection, from == .turns {
      services.parent = ParentFacts(
        selection: selection, topic: parent.factsTopic, log: run.system.log, codec: run.system.codec)
    }
    if let selection = generation.selection, from == .facts {
      services.exception = ResolutionStage.Exception(selection: selection, policy: parent.policy.policy)
    }
    var tasks: [GenerationTask] = [.resolve(generation)]
    var steps = [(group: ResolutionStage.group(of: generation), topic: generation.factsTopic)]
    if from == .turns {
      tasks.insert(.extract(facts: generation.facts, generation.extraction), at: 0)
      steps.insert((ExtractionStage.group(facts: generation.facts), Topics.turns), at: 0)
    }
    let job = ReplayJob(
      generation: generation, tasks: tasks, steps: steps, unit: from == .turns ? "turns" : "records", budget: budget,
      spendingTopic: from == .turns ? generation.factsTopic : nil)
    try await run.finish(job, services, json: replay.json)
  }

  /// What other generations of the same recipe were told is not asked again.
  private func noteEarlierReplies(_ run: ReplayRun, _ generation: Generation, _ replies: ReplyStore) async throws {
    guard from == .turns, generation.extraction.model != nil else { return }
    var topics: Set<String> = []
    for other in run.catalog.live.map(\.generation)
    where other.extraction.isSameRecipe(as: generation.extraction) && topics.insert(other.factsTopic).inserted {
      let count = try await replies.fill(from: other.factsTopic, of: run.system.log, codec: run.system.codec)
      if count > 0 { Console.note("\(count) answers of \(other.id) are known already") }
    }
  }
}

import ArgumentParser
import MnemeCore
import MnemePipeline

/// `mneme replay reembed`: another embedding space for the same facts.
struct Reembed: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Embed all memories again, beside the vectors that are read, with the settings' embedder.",
    discussion: """
      Fills a new space of the active generation; readers notice nothing until mneme generations promote. Killed and \
      started again it goes on where it was; several processes share the work. A space that was narrowed by --since, \
      --until, --owner or --tenant is for trying out, and cannot be promoted.
      """)

  @Option(help: "Stop once this run has spent so many tokens, a token being four bytes of text.") var maxTokens: Int?
  @Option(help: "Stop once this run has spent so many US dollars; needs the embedding price.") var maxCost: Double?
  @OptionGroup var replay: ReplayOptions
  @OptionGroup var settings: SettingsOptions

  func validate() throws {
    if let maxTokens, maxTokens < 1 { throw ValidationError("--max-tokens must be at least 1") }
    if let maxCost, maxCost <= 0 { throw ValidationError("--max-cost must be more than 0 US dollars") }
  }

  func run() async throws {
    try await ReplayRun.with(settings) { run in
      let price = try run.system.settings.embeddingPrice()
      if maxCost != nil, price == nil { throw SettingsError("--max-cost needs \(Setting.embeddingPrice.flag)") }
      var wanted = run.active
      wanted.embedding = try await run.models.embedding()
      wanted.origin = .reembed
      wanted.parent = run.active.id
      wanted.selection = replay.selection
      guard wanted.embedding.space != run.active.embedding.space else {
        throw SettingsError(
          "generation \(run.active.id) is in space \(wanted.embedding.space) already; name another embedder with "
            + Setting.embedder.flag)
      }
      let budget = ReplayBudget(maxTokens: maxTokens, maxCost: maxCost, price: price)
      if replay.dryRun { return try await estimate(run, wanted, price) }
      try await fill(run, wanted, budget)
    }
  }

  private func estimate(_ run: ReplayRun, _ wanted: Generation, _ price: TokenPrice?) async throws {
    let estimator = ReplayEstimator(
      log: run.system.log, codec: run.system.codec, selection: wanted.selection, sampleCount: replay.sample)
    let estimate = try await estimator.reembedding(
      try await run.models.embedder(wanted.embedding), topic: run.active.memoriesTopic, price: price)
    try ReplayReports.show(estimate, unit: "texts", json: replay.json)
  }

  private func fill(_ run: ReplayRun, _ wanted: Generation, _ budget: ReplayBudget) async throws {
    let generation = try await run.begin(wanted)
    var services = GenerationServices(system: run.system, models: run.models, instance: run.instance)
    services.bounds = replay.bounds
    services.wrapEmbedder = { ReplayEmbedder($0, budget: budget) }
    let job = ReplayJob(
      generation: generation, tasks: [.embed(generation)],
      steps: [(EmbeddingStage.group(of: generation), generation.memoriesTopic)], unit: "records", budget: budget)
    try await run.finish(job, services, json: replay.json)
  }
}

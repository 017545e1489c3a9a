import EventLog
import LanguageModel
import Logging
import MnemeCore
import MnemePipeline
import MnemeProjection

extension MnemeSystem {
  /// The shape of a generation's projection.
  func projection(of generation: Generation) -> ProjectionConfiguration {
    ProjectionConfiguration(
      id: generation.id, generation: generation.name, space: generation.embedding.space,
      dimension: generation.embedding.dimension, partitionCount: topics.partitionCount)
  }

  /// The shape of the projection that readers read.
  func configuration() async throws -> ProjectionConfiguration {
    let models = try Models(settings)
    let active = try await active(models)
    await models.close()
    return projection(of: active)
  }

  /// The shape of the projection of generation `id`; of the active one where it is nil.
  /// - Throws: `GenerationError` where there is none of that id.
  func configuration(of id: String?) async throws -> ProjectionConfiguration {
    guard let id else { return try await configuration() }
    guard let entry = try await generations.refresh()[id], entry.state != .dropped else {
      throw GenerationError(.unknown, "there is no generation \(id); see 'mneme generations list'")
    }
    return projection(of: entry.generation)
  }

  /// A reader of a generation's projection.
  func reader(of generation: Generation, projector: Projector? = nil) throws -> ProjectionReader {
    try ProjectionReader(
      directory: projectionDirectory, configuration: projection(of: generation), projector: projector)
  }

  /// A projector of a generation.
  func projector(of generation: Generation) throws -> Projector {
    try Projector(
      directory: projectionDirectory, configuration: projection(of: generation), log: log, logger: logger)
  }

  /// The next offset of each partition of `mneme.turns`: what is said from now on stands there.
  func turnsEnds() async throws -> [Int64] { try await log.bounds(of: Topics.turns).map(\.end) }

  /// Where resolution keeps a generation's state.
  func stateDirectory(of generation: Generation) -> String { "\(stateDirectory)/\(generation.name)" }

  /// The generation that readers read; before anything ran, the one that the settings would begin with.
  func active(_ models: Models) async throws -> Generation {
    if let active = try await generations.refresh().active { return active }
    return try await first(models)
  }

  private func first(_ models: Models) async throws -> Generation {
    Generation(
      id: Generation.firstID, origin: .initial, parent: nil, extraction: try settings.extraction(),
      policy: PolicySpecification(), embedding: try await models.embedding(), facts: Generation.firstID)
  }

  /// The catalog, with the topics of all that live in it. A log without generations gets the one that the settings ask
  /// for; one with generations is checked against them.
  /// - Throws: `SettingsError` where the settings ask for an embedder that no generation has.
  func prepare(_ models: Models) async throws -> GenerationCatalog {
    try await log.ensureTopics(topics.shared)
    var catalog = try await generations.refresh()
    if catalog.active == nil {
      do {
        catalog = try await generations.append(.created(try await first(models)))
      } catch is GenerationError {
        // Another process was quicker: its settings stand, and ours are checked against them.
        catalog = try await generations.refresh()
      }
    }
    try await checkEmbedder(catalog, models)
    catalog = try await adoptExtraction(catalog)
    try await log.ensureTopics(topics.topics(of: catalog.live.map(\.generation)))
    return catalog
  }

  /// Refuses an embedder that was asked for and that no generation has.
  private func checkEmbedder(_ catalog: GenerationCatalog, _ models: Models) async throws {
    let isAskedFor = [Setting.embedder, .embeddingDimension].contains { setting in
      settings.origin(of: setting).map { $0 != .standard } ?? false
    }
    guard isAskedFor, let active = catalog.active else { return }
    let wanted: EmbeddingSpecification
    do {
      wanted = try await models.embedding()
    } catch let error as ModelError where error.isRetriable && catalog.knows(settings.text(.embedder)) {
      logger.warning(
        "the embedder does not answer; what the log says of it is used", metadata: ["error": "\(error)"])
      return
    }
    guard catalog.live.contains(where: { $0.generation.embedding.space == wanted.space }) else {
      throw SettingsError(Self.refusal(wanted, active))
    }
    guard wanted.space != active.embedding.space else { return }
    logger.warning(
      "the settings' embedder is not the active generation's, which is used",
      metadata: ["settings": "\(wanted.space)", "active": "\(active.embedding.space)"])
  }

  private static func refusal(_ wanted: EmbeddingSpecification, _ active: Generation) -> String {
    var command = "mneme replay reembed \(Setting.embedder.flag) \(wanted.embedder)"
    if let url = wanted.url { command += " \(Setting.embeddingURL.flag) \(url)" }
    if let dimension = wanted.requestedDimension { command += " \(Setting.embeddingDimension.flag) \(dimension)" }
    return """
      embedder \(wanted.embedder) gives vectors of \(wanted.dimension) components in space \(wanted.space), but the \
      memories here have vectors of \(active.embedding.dimension) in space \(active.embedding.space); nothing was \
      changed. To go over to it, start with \(Setting.embedder.flag) \(active.embedding.embedder), run '\(command)' \
      beside it, and then 'mneme generations promote \(active.name)@\(wanted.space)'
      """
  }

  /// Lets the active generation go on with a recipe that nobody asked for before. What was derived stays.
  private func adoptExtraction(_ catalog: GenerationCatalog) async throws -> GenerationCatalog {
    let wanted = try settings.extraction()
    guard wanted.model != nil, let active = catalog.active, !catalog.hasSeen(wanted) else { return catalog }
    logger.warning(
      "facts come from turns otherwise from here on; 'mneme replay reextract' derives those before alike",
      metadata: ["generation": "\(active.id)", "was": "\(active.extraction.summary)", "is": "\(wanted.summary)"])
    return try await generations.append(.extractionChanged(id: active.id, wanted))
  }

  /// The lag of what readers read, and of what is kept beside it.
  func lag(
    _ catalog: GenerationCatalog, readers: (Generation) async throws -> any MemoryReader
  ) async throws -> LagReport {
    var report = LagReport(total: 0, groups: [])
    if let active = catalog.active {
      report = try await lagMeter(active, try await readers(active)).measure()
    }
    for entry in catalog.live where entry.state == .ready {
      let generation = entry.generation
      report.add(aside: try await lagMeter(generation, try await readers(generation)).measure())
    }
    return report
  }

  /// A meter of one generation, by what `reader` has folded.
  func lagMeter(_ generation: Generation, _ reader: any MemoryReader) -> LagMeter {
    LagMeter(log: log, generation: generation) {
      Dictionary(
        uniqueKeysWithValues: try await reader.watermarks().map { (TopicPartition($0.topic, $0.partition), $0.next) })
    }
  }
}

extension GenerationCatalog {
  /// Whether a live generation has an embedder of that name.
  fileprivate func knows(_ embedder: String) -> Bool { live.contains { $0.generation.embedding.embedder == embedder } }
}

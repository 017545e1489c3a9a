import BuiltInModels
import CurlHTTP
import FoundationEssentials
import LanguageModel
import MnemeCore
import MnemePipeline
import OpenAIModels

/// The models that the settings ask for.
struct Models: Sendable {
  let extractor: any Extractor
  let embedder: any Embedder
  let retry: RetryPolicy
  let concurrencyLimit: ConcurrencyLimit
  private let client: HTTPClient?
  private let miniLM: MiniLM?

  /// - Throws: `SettingsError`, `ModelError`.
  init(_ settings: Settings) async throws {
    let usesHTTP = settings[.llmURL] != nil || settings.text(.embedder).hasPrefix("openai:")
    let client = usesHTTP ? HTTPClient() : nil
    self.client = client
    self.retry = RetryPolicy(
      maxAttemptCount: try settings.integer(.llmAttempts, in: 1...100),
      initialDelay: try settings.duration(.llmRetryDelay, in: 0.001...30))
    self.concurrencyLimit = ConcurrencyLimit(
      maxConcurrentCount: try settings.integer(.llmConcurrency, in: 1...1024))
    self.extractor = try Self.extractor(settings, client)
    let (embedder, miniLM) = try await Self.embedder(settings, client)
    self.embedder = embedder
    self.miniLM = miniLM
  }

  private static func extractor(_ settings: Settings, _ client: HTTPClient?) throws -> any Extractor {
    guard let url = settings[.llmURL], let client else { return RuleExtractor() }
    let endpoint = OpenAIEndpoint(
      baseURL: url, apiKey: settings[.llmAPIKey], timeout: try settings.duration(.llmTimeout, in: 0.01...3600))
    let model = OpenAIChatModel(client: client, endpoint: endpoint, name: settings.text(.llmModel))
    return ModelExtractor(model: model, maxTurnsPerCall: try settings.integer(.llmBatch, in: 1...64))
  }

  /// The embedder alone, for commands that only read.
  static func embedder(_ settings: Settings, _ client: HTTPClient?) async throws -> (any Embedder, MiniLM?) {
    let name = settings.text(.embedder)
    if name == "minilm" {
      let model = try miniLM(settings)
      return (model, model)
    }
    guard name.hasPrefix("openai:"), name.count > 7, let client else {
      throw SettingsError("\(Setting.embedder.flag) must be 'minilm' or 'openai:MODEL'")
    }
    guard let url = settings[.embeddingURL] ?? settings[.llmURL] else {
      throw SettingsError("\(Setting.embedder.flag) \(name) needs \(Setting.embeddingURL.flag)")
    }
    let dimension = try settings[.embeddingDimension].map { _ in try settings.integer(.embeddingDimension, in: 1...8192)
    }
    let endpoint = OpenAIEndpoint(
      baseURL: url, apiKey: settings[.embeddingAPIKey], timeout: try settings.duration(.llmTimeout, in: 0.01...3600))
    let model = String(name.dropFirst(7))
    guard let dimension else {
      return (try await OpenAIEmbedder.probe(client: client, endpoint: endpoint, model: model), nil)
    }
    let embedder = OpenAIEmbedder(
      client: client, endpoint: endpoint, model: model, dimension: dimension, requestsDimension: true)
    return (embedder, nil)
  }

  private static func miniLM(_ settings: Settings) throws -> MiniLM {
    guard let precision = MiniLM.Precision(rawValue: settings.text(.minilmPrecision)) else {
      throw SettingsError(
        "\(Setting.minilmPrecision.flag) must be one of \(MiniLM.Precision.allCases.map(\.rawValue))")
    }
    let files =
      if let directory = settings[.modelDir] {
        try MiniLMFiles(directory: directory)
      } else {
        try MiniLMFiles.locate(environment: ProcessInfo.processInfo.environment)
      }
    let threads = try settings.integer(.minilmThreads, in: 0...64)
    return threads == 0
      ? try MiniLM(files: files, precision: precision)
      : try MiniLM(files: files, precision: precision, threadCount: threads)
  }

  /// Ends the models' own threads, after nothing asks them any more.
  func close() async {
    await client?.close()
  }
}

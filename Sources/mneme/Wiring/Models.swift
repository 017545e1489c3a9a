import BuiltInModels
import CurlHTTP
import FoundationEssentials
import LanguageModel
import MnemeCore
import MnemePipeline
import OpenAIModels

/// Makes the models that generations ask for, each embedder once. What is no part of a generation, as keys and
/// timeouts, comes from the settings.
actor Models {
  nonisolated let retry: RetryPolicy
  nonisolated let concurrencyLimit: ConcurrencyLimit
  private let settings: Settings
  private var client: HTTPClient?
  private var embedders: [EmbeddingSpecification: any Embedder] = [:]

  /// - Throws: `SettingsError`.
  init(_ settings: Settings) throws {
    self.settings = settings
    self.retry = RetryPolicy(
      maxAttemptCount: try settings.integer(.llmAttempts, in: 1...100),
      initialDelay: try settings.duration(.llmRetryDelay, in: 0.001...30))
    self.concurrencyLimit = ConcurrencyLimit(
      maxConcurrentCount: try settings.integer(.llmConcurrency, in: 1...1024))
  }

  /// Ends the models' own threads, after nothing asks them any more.
  func close() async {
    await client?.close()
  }

  private func httpClient() -> HTTPClient {
    let client = self.client ?? HTTPClient()
    self.client = client
    return client
  }

  // MARK: Extractors

  /// The extractor of `specification`.
  /// - Throws: `SettingsError`.
  func extractor(_ specification: ExtractionSpecification) throws -> any Extractor {
    guard let name = specification.model else { return RuleExtractor() }
    // The endpoint of a model may move; its name says what it is.
    let isInSettings = settings[.llmURL] != nil && settings.text(.llmModel) == name
    guard let url = isInSettings ? settings[.llmURL] : specification.url else {
      throw SettingsError("chat model \(name) needs \(Setting.llmURL.flag)")
    }
    let endpoint = OpenAIEndpoint(
      baseURL: url, apiKey: settings[.llmAPIKey], timeout: try settings.duration(.llmTimeout, in: 0.01...3600))
    let model = OpenAIChatModel(client: httpClient(), endpoint: endpoint, name: name)
    return ModelExtractor(
      model: model, prompt: specification.prompt, maxTurnsPerCall: try settings.integer(.llmBatch, in: 1...64))
  }

  // MARK: Rerankers

  /// The settings' reranker; nil where they have none.
  /// - Throws: `SettingsError`.
  func reranker() throws -> (any Reranker)? {
    guard let url = settings[.rerankURL] else {
      guard settings[.rerankModel] == nil else {
        throw SettingsError("\(Setting.rerankModel.flag) needs \(Setting.rerankURL.flag)")
      }
      return nil
    }
    return RerankAPIReranker(
      client: httpClient(), endpoint: OpenAIEndpoint(baseURL: url, apiKey: settings[.rerankAPIKey]),
      name: settings[.rerankModel])
  }

  // MARK: Embedders

  /// The embedder of `specification`.
  /// - Throws: `SettingsError`; `ModelError` where weights are missing.
  func embedder(_ specification: EmbeddingSpecification) throws -> any Embedder {
    if let made = embedders[specification] { return made }
    let made: any Embedder
    if specification.embedder == EmbedderName.miniLM {
      made = try miniLM()
    } else {
      let isInSettings = settings.text(.embedder) == specification.embedder && settings.embeddingURL != nil
      guard let url = isInSettings ? settings.embeddingURL : specification.url else {
        throw SettingsError("embedder \(specification.embedder) needs \(Setting.embeddingURL.flag)")
      }
      made = OpenAIEmbedder(
        client: httpClient(), endpoint: try embeddingEndpoint(url),
        model: try EmbedderName.model(specification.embedder), dimension: specification.dimension,
        requestsDimension: specification.requestedDimension != nil)
    }
    guard made.space.name == specification.space, made.space.dimension == specification.dimension else {
      throw SettingsError(
        "embedder \(specification.embedder) fills space \(made.space.name), the generation has \(specification.space)")
    }
    embedders[specification] = made
    return made
  }

  /// What the settings' embedder is. A remote one that tells no dimension is asked for it.
  /// - Throws: `SettingsError`, `ModelError`.
  func embedding() async throws -> EmbeddingSpecification {
    let name = settings.text(.embedder)
    if name == EmbedderName.miniLM {
      return EmbeddingSpecification(
        embedder: name, space: EmbedderName.miniLMSpace.name, dimension: EmbedderName.miniLMSpace.dimension)
    }
    let model = try EmbedderName.model(name)
    guard let url = settings.embeddingURL else {
      throw SettingsError("\(Setting.embedder.flag) \(name) needs \(Setting.embeddingURL.flag)")
    }
    let requested = try settings[.embeddingDimension].map { _ in
      try settings.integer(.embeddingDimension, in: 1...8192)
    }
    let endpoint = try embeddingEndpoint(url)
    let embedder =
      if let requested {
        OpenAIEmbedder(
          client: httpClient(), endpoint: endpoint, model: model, dimension: requested, requestsDimension: true)
      } else {
        try await OpenAIEmbedder.probe(client: httpClient(), endpoint: endpoint, model: model)
      }
    return EmbeddingSpecification(
      embedder: name, url: url, requestedDimension: requested, space: embedder.space.name,
      dimension: embedder.space.dimension)
  }

  private func embeddingEndpoint(_ url: String) throws -> OpenAIEndpoint {
    OpenAIEndpoint(
      baseURL: url, apiKey: settings[.embeddingAPIKey], timeout: try settings.duration(.llmTimeout, in: 0.01...3600))
  }

  private func miniLM() throws -> MiniLM {
    guard let precision = MiniLM.Precision(rawValue: settings.text(.minilmPrecision)) else {
      throw SettingsError(
        "\(Setting.minilmPrecision.flag) must be one of \(MiniLM.Precision.allCases.map(\.rawValue))")
    }
    let files = try settings.miniLMFiles()
    let threads = try settings.integer(.minilmThreads, in: 0...64)
    return threads == 0
      ? try MiniLM(files: files, precision: precision)
      : try MiniLM(files: files, precision: precision, threadCount: threads)
  }
}

/// Names of embedders, as the setting has them.
enum EmbedderName {
  /// The one in process.
  static let miniLM = "minilm"
  /// Its space, known without its weights.
  static let miniLMSpace = EmbeddingSpace(name: "all-minilm-l6-v2-384", dimension: 384)
  private static let remotePrefix = "openai:"

  /// The remote model's name.
  /// - Throws: `SettingsError` where it names none.
  static func model(_ name: String) throws -> String {
    guard name.hasPrefix(remotePrefix), name.count > remotePrefix.count else {
      throw SettingsError("\(Setting.embedder.flag) must be '\(miniLM)' or '\(remotePrefix)MODEL'")
    }
    return String(name.dropFirst(remotePrefix.count))
  }
}

extension Settings {
  /// Where the embedding model is: its own URL, else the chat model's.
  var embeddingURL: String? { self[.embeddingURL] ?? self[.llmURL] }

  /// Where the weights of MiniLM are.
  /// - Throws: `ModelError` where they are missing.
  func miniLMFiles() throws -> MiniLMFiles {
    try self[.modelDir].map { try MiniLMFiles(directory: $0) }
      ?? MiniLMFiles.locate(environment: ProcessInfo.processInfo.environment)
  }

  /// How the settings ask for facts to come from turns.
  /// - Throws: `SettingsError` where the prompt's file cannot be read.
  func extraction() throws -> ExtractionSpecification {
    guard let url = self[.llmURL] else {
      guard self[.llmPrompt] == nil else {
        throw SettingsError("\(Setting.llmPrompt.flag) needs \(Setting.llmURL.flag): the built-in extractor has none")
      }
      return ExtractionSpecification()
    }
    return ExtractionSpecification(model: text(.llmModel), url: url, prompt: try self[.llmPrompt].map(Self.prompt))
  }

  /// Largest prompt, in bytes.
  static let maxPromptByteCount = 256 << 10

  private static func prompt(_ path: String) throws -> String {
    guard let data = FileManager.default.contents(atPath: path), data.count <= maxPromptByteCount,
      let text = String(validating: data, as: UTF8.self), !text.allSatisfy(\.isWhitespace)
    else {
      throw SettingsError(
        "prompt file \(path) must be text in UTF-8 of at most \(maxPromptByteCount) bytes; check the path")
    }
    return text
  }

  /// What tokens of the chat model cost; nil where the settings do not tell.
  func tokenPrice() throws -> TokenPrice? {
    guard self[.llmPromptPrice] != nil || self[.llmCompletionPrice] != nil else { return nil }
    return TokenPrice(
      prompt: try price(.llmPromptPrice), completion: try price(.llmCompletionPrice))
  }

  /// What tokens of the embedding model cost; nil where the settings do not tell.
  func embeddingPrice() throws -> TokenPrice? {
    try self[.embeddingPrice].map { _ in TokenPrice(prompt: try price(.embeddingPrice), completion: 0) }
  }

  private func price(_ setting: Setting) throws -> Double {
    guard let value = Double(self[setting] ?? "0"), (0...1_000_000).contains(value) else {
      throw SettingsError("\(setting.flag) must be a price in US dollars per million tokens")
    }
    return value
  }
}

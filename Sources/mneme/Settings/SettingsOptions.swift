import ArgumentParser

/// The flags of all settings. What is nil was not given.
struct SettingsOptions: ParsableArguments {
  @Option(help: "Settings file; ./mneme.yaml is read where it exists.")
  var config: String?

  @Option(help: help(.dataDir)) var dataDir: String?
  @Option(help: help(.log)) var log: String?
  @Option(
    help: """
      A setting of librdkafka, as name=value; may be given several times (environment: MNEME_KAFKA_ and the name, its \
      dots as _; in the file: kafka. and the name).
      """)
  var kafka: [String] = []
  @Option(help: help(.kafkaPrefix)) var kafkaPrefix: String?
  @Option(help: help(.kafkaTransactions)) var kafkaTransactions: String?
  @Option(help: help(.replicationFactor)) var replicationFactor: String?
  @Option(help: help(.instance)) var instance: String?
  @Option(help: help(.host)) var host: String?
  @Option(help: help(.port)) var port: String?
  @Option(help: help(.pathPrefix)) var pathPrefix: String?
  @Option(name: .customLong("api-keys"), help: help(.apiKeys)) var apiKeys: String?
  @Option(help: help(.rateLimit)) var rateLimit: String?
  @Option(help: help(.mcpOwner)) var mcpOwner: String?
  @Option(help: help(.mcpAnyOwner)) var mcpAnyOwner: String?
  @Option(help: help(.mcpKey)) var mcpKey: String?
  @Option(help: help(.maxConnections)) var maxConnections: String?
  @Option(help: help(.headTimeout)) var headTimeout: String?
  @Option(help: help(.webhookAllowPrivate)) var webhookAllowPrivate: String?
  @Option(help: help(.partitions)) var partitions: String?
  @Option(name: .customLong("llm-url"), help: help(.llmURL)) var llmURL: String?
  @Option(help: help(.llmModel)) var llmModel: String?
  @Option(name: .customLong("llm-api-key"), help: help(.llmAPIKey)) var llmAPIKey: String?
  @Option(help: help(.llmTimeout)) var llmTimeout: String?
  @Option(help: help(.llmAttempts)) var llmAttempts: String?
  @Option(help: help(.llmRetryDelay)) var llmRetryDelay: String?
  @Option(help: help(.llmConcurrency)) var llmConcurrency: String?
  @Option(help: help(.llmBatch)) var llmBatch: String?
  @Option(help: help(.llmPrompt)) var llmPrompt: String?
  @Option(help: help(.llmPromptPrice)) var llmPromptPrice: String?
  @Option(help: help(.llmCompletionPrice)) var llmCompletionPrice: String?
  @Option(help: help(.embedder)) var embedder: String?
  @Option(name: .customLong("embedding-url"), help: help(.embeddingURL)) var embeddingURL: String?
  @Option(name: .customLong("embedding-api-key"), help: help(.embeddingAPIKey)) var embeddingAPIKey: String?
  @Option(help: help(.embeddingDimension)) var embeddingDimension: String?
  @Option(help: help(.embeddingPrice)) var embeddingPrice: String?
  @Option(name: .customLong("rerank-url"), help: help(.rerankURL)) var rerankURL: String?
  @Option(help: help(.rerankModel)) var rerankModel: String?
  @Option(name: .customLong("rerank-api-key"), help: help(.rerankAPIKey)) var rerankAPIKey: String?
  @Option(help: help(.modelDir)) var modelDir: String?
  @Option(help: help(.minilmPrecision)) var minilmPrecision: String?
  @Option(help: help(.minilmThreads)) var minilmThreads: String?
  @Option(help: help(.logLevel)) var logLevel: String?

  private static func help(_ setting: Setting) -> ArgumentHelp {
    let standard = setting.defaultValue.map { " (default: \($0))" } ?? ""
    return ArgumentHelp("\(setting.help)\(standard) [\(setting.environmentVariable)]")
  }

  /// What was given, by setting.
  var given: [Setting: String] {
    let values: [Setting: String?] = [
      .dataDir: dataDir, .log: log, .kafkaPrefix: kafkaPrefix, .kafkaTransactions: kafkaTransactions,
      .replicationFactor: replicationFactor, .instance: instance, .host: host, .port: port,
      .pathPrefix: pathPrefix, .apiKeys: apiKeys, .rateLimit: rateLimit, .mcpOwner: mcpOwner,
      .mcpAnyOwner: mcpAnyOwner, .mcpKey: mcpKey, .maxConnections: maxConnections, .headTimeout: headTimeout,
      .webhookAllowPrivate: webhookAllowPrivate, .partitions: partitions, .llmURL: llmURL,
      .llmModel: llmModel, .llmAPIKey: llmAPIKey, .llmTimeout: llmTimeout, .llmAttempts: llmAttempts,
      .llmRetryDelay: llmRetryDelay, .llmConcurrency: llmConcurrency, .llmBatch: llmBatch, .llmPrompt: llmPrompt,
      .llmPromptPrice: llmPromptPrice, .llmCompletionPrice: llmCompletionPrice, .embedder: embedder,
      .embeddingURL: embeddingURL, .embeddingAPIKey: embeddingAPIKey, .embeddingDimension: embeddingDimension,
      .embeddingPrice: embeddingPrice, .rerankURL: rerankURL, .rerankModel: rerankModel, .rerankAPIKey: rerankAPIKey,
      .modelDir: modelDir, .minilmPrecision: minilmPrecision, .minilmThreads: minilmThreads, .logLevel: logLevel,
    ]
    return values.compactMapValues { $0 }
  }
}

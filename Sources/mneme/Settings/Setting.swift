/// Everything that can be set: by flag, by environment variable, in `mneme.yaml`, in that order of precedence.
/// The README lists each of them, and a test proves it.
enum Setting: String, CaseIterable, Sendable {
  case dataDir = "data-dir"
  case log
  case kafkaPrefix = "kafka-prefix"
  case kafkaTransactions = "kafka-transactions"
  case replicationFactor = "replication-factor"
  case instance
  case host
  case port
  case pathPrefix = "path-prefix"
  case apiKeys = "api-keys"
  case rateLimit = "rate-limit"
  case mcpOwner = "mcp-owner"
  case mcpAnyOwner = "mcp-any-owner"
  case mcpKey = "mcp-key"
  case maxConnections = "max-connections"
  case headTimeout = "head-timeout"
  case webhookAllowPrivate = "webhook-allow-private"
  case partitions
  case llmURL = "llm-url"
  case llmModel = "llm-model"
  case llmAPIKey = "llm-api-key"
  case llmTimeout = "llm-timeout"
  case llmAttempts = "llm-attempts"
  case llmRetryDelay = "llm-retry-delay"
  case llmConcurrency = "llm-concurrency"
  case llmBatch = "llm-batch"
  case llmPrompt = "llm-prompt"
  case llmPromptPrice = "llm-prompt-price"
  case llmCompletionPrice = "llm-completion-price"
  case embedder
  case embeddingURL = "embedding-url"
  case embeddingAPIKey = "embedding-api-key"
  case embeddingDimension = "embedding-dimension"
  case embeddingPrice = "embedding-price"
  case rerankURL = "rerank-url"
  case rerankModel = "rerank-model"
  case rerankAPIKey = "rerank-api-key"
  case modelDir = "model-dir"
  case minilmPrecision = "minilm-precision"
  case minilmThreads = "minilm-threads"
  case logLevel = "log-level"

  /// The flag, e.g. `--data-dir`.
  var flag: String { "--\(rawValue)" }

  /// The environment variable, e.g. `MNEME_DATA_DIR`.
  var environmentVariable: String { "MNEME_" + rawValue.uppercased().replacing("-", with: "_") }

  /// The key in `mneme.yaml`, e.g. `data_dir`.
  var yamlKey: String { rawValue.replacing("-", with: "_") }

  /// A variable of another tool that counts where ours is not set.
  var fallbackVariable: String? {
    switch self {
    case .llmAPIKey, .embeddingAPIKey: "OPENAI_API_KEY"
    default: nil
    }
  }

  /// Whether its value is never printed.
  var isSecret: Bool { [.llmAPIKey, .embeddingAPIKey, .rerankAPIKey, .mcpKey].contains(self) }

  /// The value where nothing is set; nil where the setting is off then.
  var defaultValue: String? {
    switch self {
    case .dataDir: "./.mneme"
    case .log: "embedded"
    case .kafkaPrefix: ""
    case .kafkaTransactions: "on"
    case .replicationFactor, .instance: nil
    case .host: "127.0.0.1"
    case .port: "8765"
    case .pathPrefix, .apiKeys: nil
    case .rateLimit: "1000"
    case .mcpOwner, .mcpKey: nil
    case .mcpAnyOwner: "off"
    case .maxConnections: "4096"
    case .headTimeout: "15"
    case .webhookAllowPrivate: "off"
    case .partitions: "4"
    case .llmPrompt, .llmPromptPrice, .llmCompletionPrice, .embeddingPrice: nil
    case .llmURL, .llmAPIKey, .embeddingURL, .embeddingAPIKey, .embeddingDimension, .modelDir: nil
    case .rerankURL, .rerankModel, .rerankAPIKey: nil
    case .llmModel: "default"
    case .llmTimeout: "60"
    case .llmAttempts: "5"
    case .llmRetryDelay: "0.25"
    case .llmConcurrency: "16"
    case .llmBatch: "8"
    case .embedder: "minilm"
    case .minilmPrecision: "automatic"
    case .minilmThreads: "0"
    case .logLevel: "warning"
    }
  }

  /// What it does, with its unit.
  var help: String {
    switch self {
    case .dataDir: "Folder of the embedded log, the projection and the state stores."
    case .log: "The log: 'embedded', or 'kafka://host:port[,host:port]'."
    case .kafkaPrefix: "What the names of topics, groups and transactional ids begin with on shared brokers."
    case .kafkaTransactions:
      "Kafka transactions, 'on' or 'off'. Off, for brokers without: output may be written twice, under the same ids."
    case .replicationFactor:
      "Copies of each record that brokers keep, for topics that are made; not set: their default."
    case .instance:
      "Stable name of this worker: one that comes back under it goes on at once, and fences whoever had it."
    case .host: "Address that HTTP listens on. Anything but loopback is refused while there are no API keys."
    case .port: "Port that HTTP listens on; 0 takes a free one."
    case .pathPrefix: "Path under which the HTTP API stands as well, e.g. '/mem0', for proxies that keep it."
    case .apiKeys: "File with the API keys that 'mneme keys' makes. Not set: no keys, and loopback only."
    case .rateLimit: "Requests per second of an API key that states no limit of its own."
    case .mcpOwner:
      "Whose memories agents' tools are about: user:ID, agent:ID or run:ID. A key of one owner needs none."
    case .mcpAnyOwner: "Whether agents' tools may name any owner that the key reaches: 'on' or 'off'."
    case .mcpKey: "API key that 'mneme mcp --url' shows to the server."
    case .maxConnections: "HTTP connections open at one time; more wait until one closes."
    case .headTimeout: "Longest time from the first byte of an HTTP request's head to its last, in seconds."
    case .webhookAllowPrivate:
      "Whether webhooks may be at addresses that are not the Internet's, as this machine's own: 'on' or 'off'."
    case .partitions: "Partitions of each topic. Fixed once the log exists."
    case .llmURL: "Base URL of an OpenAI-compatible API for extraction. Not set: the built-in extractor."
    case .llmModel: "Name of the chat model."
    case .llmAPIKey: "API key of the chat model."
    case .llmTimeout: "Longest wait for one reply of the chat model, in seconds."
    case .llmAttempts: "Attempts at a turn before it is parked in dead letters."
    case .llmRetryDelay:
      "Pause after the first failed attempt, in seconds; it doubles with each further one, up to 30 s."
    case .llmConcurrency: "Calls of the chat model in flight at once."
    case .llmBatch: "Turns of one owner in one call, at most."
    case .llmPrompt: "File with the prompt for extraction. Not set: the one that the program brings."
    case .llmPromptPrice: "Price of the chat model's prompt tokens, in US dollars per million."
    case .llmCompletionPrice: "Price of the chat model's reply tokens, in US dollars per million."
    case .embedder: "The embedder: 'minilm' in process, or 'openai:MODEL' at the embedding URL."
    case .embeddingURL: "Base URL of an OpenAI-compatible API for embeddings; the chat model's URL where not set."
    case .embeddingAPIKey: "API key of the embedding model."
    case .embeddingDimension: "Dimension to ask of the embedding model; not set: its own."
    case .embeddingPrice: "Price of the embedding model's tokens, in US dollars per million."
    case .rerankURL:
      "Base URL of an API with POST /rerank, for searches that ask for it. Not set: they are not reranked."
    case .rerankModel:
      "Name of the reranker. Not set: the request is that of text-embeddings-inference, which has none."
    case .rerankAPIKey: "API key of the reranker."
    case .modelDir: "Folder of the MiniLM weights; not set: where ops/fetch-model puts them."
    case .minilmPrecision: "Arithmetic of MiniLM: 'automatic', 'float32' or 'int8'."
    case .minilmThreads: "Threads of MiniLM; 0: one for each core, at most 4."
    case .logLevel: "Least level that is logged to stderr: trace, debug, info, notice, warning, error, critical."
    }
  }
}

/// All memories derived by one recipe, in one embedding space: an entry of the catalog, and a projection of its own.
/// A storage format: it is the body of `mneme.generation.created`.
public struct Generation: Hashable, Sendable, Codable {
  /// How it came to be.
  public enum Origin: String, Sendable, Codable, CaseIterable {
    /// The first one of a log.
    case initial
    /// Facts derived again from turns.
    case reextract
    /// Memories decided again from the parent's facts.
    case reresolve
    /// The parent's memories in another embedding space.
    case reembed
  }

  /// Its name; a generation's further embedding spaces have `name@space`.
  public var id: String
  /// How it came to be.
  public var origin: Origin
  /// The generation that it was derived beside; nil for the first one.
  public var parent: String?
  /// How facts come from turns.
  public var extraction: ExtractionSpecification
  /// How facts meet.
  public var policy: PolicySpecification
  /// Where its vectors are.
  public var embedding: EmbeddingSpecification
  /// The name of the generation whose facts it resolves: its own, or another one's.
  public var facts: String
  /// What is derived anew; nil for everything. The rest is as its parent has it.
  public var selection: ReplaySelection?

  /// A generation with all its parts.
  public init(
    id: String, origin: Origin, parent: String?, extraction: ExtractionSpecification, policy: PolicySpecification,
    embedding: EmbeddingSpecification, facts: String, selection: ReplaySelection? = nil
  ) {
    self.id = id
    self.origin = origin
    self.parent = parent
    self.extraction = extraction
    self.policy = policy
    self.embedding = embedding
    self.facts = facts
    self.selection = selection
  }

  /// The id of the first generation of a log.
  public static let firstID = "g1"
  static let spaceSeparator: Character = "@"

  /// The name that its memories' topic has: the id without a space.
  public var name: String { String(id.prefix { $0 != Self.spaceSeparator }) }
  /// The topic of its facts.
  public var factsTopic: String { Topics.facts(generation: facts) }
  /// The topic of its memories.
  public var memoriesTopic: String { Topics.memories(generation: name) }
  /// The topic of its vectors.
  public var vectorsTopic: String { Topics.vectors(space: embedding.space, generation: name) }
  /// Its topics: facts, memories, vectors.
  public var topics: [String] { [factsTopic, memoriesTopic, vectorsTopic] }
  /// Whether a stage of its own fills its space: with memories that were decided in another one.
  public var isFollowing: Bool { origin == .reembed }
  /// Whether only some of its memories have vectors, so that it can never be active.
  public var isPartial: Bool { origin == .reembed && selection != nil }
}

/// How facts come from turns.
public struct ExtractionSpecification: Hashable, Sendable, Codable {
  /// Name of the chat model; nil for the built-in extractor, which asks none.
  public var model: String?
  /// Base URL of the model's API, as it was when the generation began. It may have moved since.
  public var url: String?
  /// Words of the prompt; nil for the one that the program brings.
  public var prompt: String?

  /// A specification with all its parts.
  public init(model: String? = nil, url: String? = nil, prompt: String? = nil) {
    self.model = model
    self.url = url
    self.prompt = prompt
  }

  /// Whether both ask the same model in the same words, wherever that is.
  public func isSameRecipe(as other: Self) -> Bool { model == other.model && prompt == other.prompt }

  /// In a few words, e.g. `gpt-4o with prompt 3f2a…`.
  public var summary: String {
    guard let model else { return "built-in" }
    return prompt.map { "\(model) with prompt \(Derivation.sha256($0).prefix(8))" } ?? model
  }
}

/// How facts meet.
public struct PolicySpecification: Hashable, Sendable, Codable {
  /// Two statements of at least this cosine, and with the same distinguishing marks, are one.
  public var nearDuplicateCosine: Float

  enum CodingKeys: String, CodingKey {
    case nearDuplicateCosine = "near_duplicate_cosine"
  }

  /// A specification with all its parts.
  public init(nearDuplicateCosine: Float = ResolutionPolicy().nearDuplicateCosine) {
    self.nearDuplicateCosine = nearDuplicateCosine
  }

  /// The policy that it specifies.
  public var policy: ResolutionPolicy { ResolutionPolicy(nearDuplicateCosine: nearDuplicateCosine) }
}

/// Which embedder fills a space.
public struct EmbeddingSpecification: Hashable, Sendable, Codable {
  /// As the setting has it: `minilm`, or `openai:MODEL`.
  public var embedder: String
  /// Base URL of the model's API; nil in process.
  public var url: String?
  /// The dimension that is asked of the model; nil for its own.
  public var requestedDimension: Int?
  /// `EmbeddingSpace.name`.
  public var space: String
  /// Components of each vector.
  public var dimension: Int

  enum CodingKeys: String, CodingKey {
    case embedder, url, space, dimension
    case requestedDimension = "requested_dimension"
  }

  /// A specification with all its parts.
  public init(embedder: String, url: String? = nil, requestedDimension: Int? = nil, space: String, dimension: Int) {
    self.embedder = embedder
    self.url = url
    self.requestedDimension = requestedDimension
    self.space = space
    self.dimension = dimension
  }
}

/// Which turns a replay derives anew.
public struct ReplaySelection: Hashable, Sendable, Codable {
  /// Those of this tenant only.
  public var tenant: String?
  /// Those of this owner only: a log key, `tenant/kind:id`.
  public var owner: String?
  /// Those that were received at this time or later.
  public var since: Timestamp?
  /// Those that were received before this time.
  public var until: Timestamp?

  /// A selection with all its parts.
  public init(
    tenant: String? = nil, owner: OwnerKey? = nil, since: Timestamp? = nil, until: Timestamp? = nil
  ) {
    self.tenant = tenant
    self.owner = owner?.description
    self.since = since
    self.until = until
  }

  /// Whether what `owner` said, and the door took in at `receivedAt`, is selected.
  public func contains(_ owner: OwnerKey, receivedAt: Timestamp) -> Bool {
    if let tenant, owner.tenant != tenant { return false }
    if let selected = self.owner, owner.description != selected { return false }
    if let since, receivedAt < since { return false }
    if let until, receivedAt >= until { return false }
    return true
  }
}

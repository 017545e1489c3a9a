public import CurlHTTP
import FoundationEssentials
public import LanguageModel

/// An embedding model behind `POST …/embeddings`.
public struct OpenAIEmbedder: Embedder {
  /// How texts are grouped into requests.
  public struct Limits: Sendable {
    /// Texts in one request.
    public var maxBatchCount: Int
    /// UTF-8 bytes of text in one request; a single text may exceed it.
    public var maxBatchBytes: Int
    /// Requests of one call of `embed` in flight at one time. Across calls the HTTP client's bound holds.
    public var maxConcurrentBatches: Int

    /// Limits, each at least one.
    public init(maxBatchCount: Int = 128, maxBatchBytes: Int = 256 << 10, maxConcurrentBatches: Int = 4) {
      precondition(
        maxBatchCount > 0 && maxBatchBytes > 0 && maxConcurrentBatches > 0, "a batch holds at least one text")
      self.maxBatchCount = maxBatchCount
      self.maxBatchBytes = maxBatchBytes
      self.maxConcurrentBatches = maxConcurrentBatches
    }
  }

  /// Named after model and dimension.
  public let space: EmbeddingSpace
  /// `openai`, the protocol: which code computes the vectors is the endpoint's affair.
  public let backend = "openai"

  private let model: String
  private let requestsDimension: Bool
  private let limits: Limits
  private let transport: OpenAITransport

  /// An embedder of known dimension. The client belongs to the caller, who closes it.
  /// - Parameters:
  ///   - dimension: Number of components of every vector; an answer of another length is refused.
  ///   - requestsDimension: Whether to send `dimensions`, by which some models shorten their vectors and at which some
  ///     servers fail.
  public init(
    client: HTTPClient, endpoint: OpenAIEndpoint, model: String, dimension: Int, requestsDimension: Bool = false,
    limits: Limits = Limits()
  ) {
    self.space = EmbeddingSpace(name: Self.spaceName(model: model, dimension: dimension), dimension: dimension)
    self.model = model
    self.requestsDimension = requestsDimension
    self.limits = limits
    self.transport = OpenAITransport(client: client, endpoint: endpoint)
  }

  /// An embedder whose dimension is learned by embedding one word.
  /// - Throws: as `embed`.
  public static func probe(
    client: HTTPClient, endpoint: OpenAIEndpoint, model: String, limits: Limits = Limits()
  ) async throws -> OpenAIEmbedder {
    let transport = OpenAITransport(client: client, endpoint: endpoint)
    let vector = try await Self.request(["dimension"], model: model, dimensions: nil, transport).vectors(count: 1)[0]
    return OpenAIEmbedder(client: client, endpoint: endpoint, model: model, dimension: vector.count, limits: limits)
  }

  /// One vector of length `space.dimension`, L2 norm 1, for each text, in the order of `texts`. An empty text is sent
  /// as one space, as the API refuses empty ones.
  /// - Throws: `ModelError`; `CancellationError` where the task was cancelled or the client closed.
  public func embed(_ texts: [String]) async throws -> [[Float]] {
    let batches = Self.batches(texts, limits)
    var parts = [[[Float]]](repeating: [], count: batches.count)
    try await withThrowingTaskGroup(of: (index: Int, vectors: [[Float]]).self) { group in
      var pending = batches.indices.makeIterator()
      for _ in 0..<limits.maxConcurrentBatches {
        guard let index = pending.next() else { break }
        group.addTask { (index, try await embedBatch(texts[batches[index]])) }
      }
      while let part = try await group.next() {
        parts[part.index] = part.vectors
        guard let index = pending.next() else { continue }
        group.addTask { (index, try await embedBatch(texts[batches[index]])) }
      }
    }
    return parts.flatMap { $0 }
  }

  private func embedBatch(_ texts: ArraySlice<String>) async throws -> [[Float]] {
    let dimensions = requestsDimension ? space.dimension : nil
    let list = try await Self.request(
      texts.map { $0.isEmpty ? " " : $0 }, model: model, dimensions: dimensions, transport)
    let vectors = try list.vectors(count: texts.count)
    if let wrong = vectors.first(where: { $0.count != space.dimension }) {
      throw ModelError(
        .malformedReply,
        "a vector has \(wrong.count) components instead of \(space.dimension); check the model's name and dimension")
    }
    return vectors
  }

  private struct WireRequest: Encodable {
    let model: String
    let input: [String]
    let encodingFormat = "base64"
    let dimensions: Int?

    enum CodingKeys: String, CodingKey {
      case model
      case input
      case encodingFormat = "encoding_format"
      case dimensions
    }
  }

  private static func request(
    _ texts: [String], model: String, dimensions: Int?, _ transport: OpenAITransport
  ) async throws -> EmbeddingList {
    let path = "/embeddings"
    let body = try await transport.post(path, WireRequest(model: model, input: texts, dimensions: dimensions))
    return try transport.decode(EmbeddingList.self, from: body, path: path)
  }

  /// Consecutive ranges of `texts`, none above the limits, but for a single text that alone exceeds the bytes.
  static func batches(_ texts: [String], _ limits: Limits) -> [Range<Int>] {
    var ranges: [Range<Int>] = []
    var (start, bytes) = (0, 0)
    for (index, text) in texts.enumerated() {
      let size = text.utf8.count
      if index > start, index - start == limits.maxBatchCount || size > limits.maxBatchBytes - bytes {
        ranges.append(start..<index)
        (start, bytes) = (index, 0)
      }
      bytes += size
    }
    if start < texts.count { ranges.append(start..<texts.count) }
    return ranges
  }

  /// The longest part of a model's name in a space's name: topic names, of which it becomes a part, end at 249.
  static let maxModelNameLength = 160

  /// `model-dimension`, lower-cased, with `-` for every run of characters outside of `a-z`, `0-9`, `.`, `_`.
  static func spaceName(model: String, dimension: Int) -> String {
    var name = ""
    for character in model.lowercased() {
      let isKept =
        character.isASCII && (character.isLetter || character.isNumber || character == "." || character == "_")
      if isKept {
        name.append(character)
      } else if name.last != "-" {
        name.append("-")
      }
    }
    return "\(name.prefix(maxModelNameLength))-\(dimension)"
  }
}

/// Where a vector lives: vectors of two spaces are never compared.
public struct EmbeddingSpace: Hashable, Sendable {
  /// Model and dimension, fit for a topic name, e.g. `all-minilm-l6-v2-384`.
  public let name: String
  /// Number of components of every vector in this space.
  public let dimension: Int

  /// A space; `name` holds only `a-z`, `0-9`, `.`, `_` and `-`.
  public init(name: String, dimension: Int) {
    precondition(dimension > 0, "an embedding space has at least one dimension")
    self.name = name
    self.dimension = dimension
  }
}

/// Turns texts into vectors. An implementation bounds its own concurrency and batch sizes.
public protocol Embedder: Sendable {
  /// The space of every vector that this embedder returns.
  var space: EmbeddingSpace { get }
  /// Which code computes the vectors, e.g. `int8-avx512vnni`; recorded beside each vector.
  var backend: String { get }

  /// One vector of length `space.dimension`, L2 norm 1, for each text, in the order of `texts`.
  /// The vector of a text does not depend on the other texts of the call.
  /// - Throws: `ModelError`.
  func embed(_ texts: [String]) async throws -> [[Float]]
}

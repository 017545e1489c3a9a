public import LanguageModel
import MnemeCore

/// An embedder without weights: words hashed into a vector, so that texts of the same words are near each other.
public struct HashEmbedder: Embedder {
  /// `hash-<dimension>`.
  public let space: EmbeddingSpace
  /// `hash`.
  public let backend = "hash"

  /// Vectors of `dimension` components.
  public init(dimension: Int = 64) {
    self.space = EmbeddingSpace(name: "hash-\(dimension)", dimension: dimension)
  }

  /// The sum of one signed unit for each word, scaled to norm 1.
  public func embed(_ texts: [String]) async throws -> [[Float]] {
    texts.map { text in
      var vector = [Float](repeating: 0, count: self.space.dimension)
      for word in NormalizedText.of(text).split(separator: " ") {
        let hash = Partitioner.murmur2(Array(word.utf8))
        vector[Int(hash % UInt32(self.space.dimension))] += hash & 0x8000_0000 == 0 ? 1 : -1
      }
      if let unit = VectorMath.normalized(vector) { return unit }
      vector[0] = 1
      return VectorMath.normalized(vector) ?? vector
    }
  }
}

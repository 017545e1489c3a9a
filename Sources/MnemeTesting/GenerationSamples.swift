public import LanguageModel
public import MnemeCore

extension Generation {
  /// A first generation in the space of `embedder`.
  public static func first(in embedder: any Embedder) -> Generation {
    Generation(
      id: firstID, origin: .initial, parent: nil, extraction: ExtractionSpecification(), policy: PolicySpecification(),
      embedding: EmbeddingSpecification(
        embedder: "test", space: embedder.space.name, dimension: embedder.space.dimension), facts: firstID)
  }
}

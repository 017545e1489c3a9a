import LanguageModel

/// The answer to a rerank request. Cohere, Jina, vLLM and llama.cpp put the list under `results`, others under `data`,
/// and text-embeddings-inference sends the bare list, with `score` for `relevance_score`.
struct RelevanceList: Decodable {
  struct Item: Decodable {
    let index: Int
    let relevance: Double

    enum CodingKeys: String, CodingKey {
      case index
      case relevance = "relevance_score"
      case score
    }

    init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: CodingKeys.self)
      self.index = try container.decode(Int.self, forKey: .index)
      self.relevance =
        try container.decodeIfPresent(Double.self, forKey: .relevance)
        ?? container.decode(Double.self, forKey: .score)
    }
  }

  let items: [Item]

  enum CodingKeys: CodingKey {
    case results
    case data
  }

  init(from decoder: any Decoder) throws {
    guard let container = try? decoder.container(keyedBy: CodingKeys.self) else {
      self.items = try decoder.singleValueContainer().decode([Item].self)
      return
    }
    self.items =
      try container.decodeIfPresent([Item].self, forKey: .results) ?? container.decode([Item].self, forKey: .data)
  }

  /// The relevance of each of `count` documents; nil for those that the list lacks.
  func relevances(count: Int) throws(ModelError) -> [Double?] {
    var relevances = [Double?](repeating: nil, count: count)
    for item in items {
      guard relevances.indices.contains(item.index), relevances[item.index] == nil else {
        throw ModelError(
          .malformedReply, "the answer's indexes are not those of the documents, or one comes twice; check the model")
      }
      guard item.relevance.isFinite else {
        throw ModelError(.malformedReply, "a relevance is no finite number; check the model")
      }
      relevances[item.index] = item.relevance
    }
    guard count == 0 || !items.isEmpty else {
      throw ModelError(.malformedReply, "no relevance answers \(count) documents; check the model")
    }
    return relevances
  }
}

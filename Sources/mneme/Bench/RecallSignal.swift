import MnemeCore

/// A signal of the ranking that a benchmark leaves out, to tell how far it carries.
enum RecallSignal: String, CaseIterable, Sendable {
  case meaning
  case meaningAround = "meaning around"
  case words
  case person
  case age = "age and validity"
  case repetition

  /// `hits`, each with its `explain`, as they would stand without this signal; of equal ones as they stood.
  func leftOut(of hits: [JSONValue]) -> [JSONValue] {
    hits.enumerated().map { (score: score(of: $1), index: $0) }
      .sorted { ($1.score, $0.index) < ($0.score, $1.index) }.map { hits[$0.index] }
  }

  private func score(of hit: JSONValue) -> Double {
    func value(_ name: String, _ signal: Self, missing: Double = 0) -> Double {
      self == signal ? missing : Self.number(hit["explain"]?[name]) ?? missing
    }
    func holds(_ name: String, _ signal: Self) -> Bool {
      self != signal && hit["explain"]?[name] == .bool(true)
    }
    let fit = Ranking.fit(
      cosine: value("cosine", .meaning), contextCosine: value("context_cosine", .meaningAround),
      keywords: value("keywords", .words), isAskedPerson: holds("person", .person), comparesMeaning: true)
    return fit * Ranking.standing(freshness: value("freshness", .age, missing: 1), isOver: holds("over", .age))
      * (1 - value("repetition", .repetition))
  }

  private static func number(_ value: JSONValue?) -> Double? {
    switch value {
    case .int(let number): Double(number)
    case .double(let number): number
    case .bool, .string, .array, .object, .null, nil: nil
    }
  }
}

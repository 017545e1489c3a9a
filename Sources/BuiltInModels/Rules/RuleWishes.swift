import MnemeCore

/// What a publisher asks of the facts of a turn, carried out by words alone. Instructions are for language models.
///
/// The words of a fact are those of its statement, its value, its slot's name and its built-in category's name, as
/// `ContentWords` has them, without those that tell nothing here (`fillers`).
///
/// - A fact goes to the category with the most of its words, a word of the category's name counting twice, one that
///   only the description has once. Where no category has any, it goes to the one that has the most of the words by
///   which its built-in category is told (`CategoryWords`), and where none has any of these, to `misc`. The first one
///   wins a tie.
/// - Where `includes` has words, only facts that share one with it stay; where `excludes` has, those that share one
///   with it go. The name of the category that a fact went to counts among its words.
struct RuleWishes: Sendable {
  private struct OwnCategory {
    var name: String
    var nameWords: Set<String>
    var words: Set<String>

    init(_ category: CustomCategory) {
      self.name = category.name
      self.nameWords = RuleWishes.words(category.name)
      self.words = self.nameWords.union(RuleWishes.words(category.description ?? ""))
    }
  }

  /// Words that say nothing of what a fact, a wish or a category is about.
  private static let fillers = ContentWords.set(
    of: """
      user users misc detail details fact facts information thing things anything everything something related \
      relating memory memories remember store stored keep include exclude mention mentions
      """)

  /// The words by which each built-in category is told.
  private static let vocabulary = Dictionary(
    uniqueKeysWithValues: CategoryWords.all.map { ($0.category, words($0.category + " " + $0.words)) })

  private let categories: [OwnCategory]
  private let included: Set<String>
  private let excluded: Set<String>

  /// What can be carried out of `wishes`; nil where that is nothing.
  init?(_ wishes: ExtractionWishes) {
    self.categories = wishes.categories.map(OwnCategory.init)
    self.included = Self.words(wishes.includes ?? "")
    self.excluded = Self.words(wishes.excludes ?? "")
    if categories.isEmpty, included.isEmpty, excluded.isEmpty { return nil }
  }

  /// The facts that are to be remembered, in their order, each under its category.
  func applied(to facts: [FactCandidate]) -> [FactCandidate] {
    facts.compactMap { fact in
      var fact = fact
      var words = Self.words([fact.text, fact.value ?? "", fact.attribute ?? "", fact.category].joined(separator: " "))
      if !categories.isEmpty {
        fact.category = category(of: fact, words)
        words.formUnion(Self.words(fact.category))
      }
      guard included.isEmpty || !included.isDisjoint(with: words) else { return nil }
      return excluded.isDisjoint(with: words) ? fact : nil
    }
  }

  private func category(of fact: FactCandidate, _ words: Set<String>) -> String {
    func best(_ weight: (OwnCategory) -> Int) -> String? {
      let weights = categories.map(weight)
      guard let most = weights.max(), most > 0 else { return nil }
      return weights.firstIndex(of: most).map { categories[$0].name }
    }
    let fitting = best { own in
      own.words.intersection(words).count + own.nameWords.intersection(words).count
    }
    let telling = Self.vocabulary[fact.category] ?? []
    return fitting ?? best { $0.words.intersection(telling).count } ?? Category.misc
  }

  private static func words(_ text: String) -> Set<String> {
    ContentWords.set(of: text).subtracting(fillers)
  }
}

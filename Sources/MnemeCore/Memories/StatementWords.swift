/// The words by which a statement is told from others: what it is about, names, numbers, and whether it denies.
///
/// It is lexical evidence only, for texts that models word differently; it has to do where no vectors are at hand.
struct StatementWords {
  /// Stems of the words that carry meaning, with their weight.
  let weights: [String: Float]
  /// The stems of the slot's name and value, weighted alike: a shorter way to say the same. Empty without a value.
  private let slotWeights: [String: Float]
  /// Every word, normalised, and every stem.
  let all: Set<String>
  let numbers: Set<String>
  /// Stems of the words that stand under a denial.
  let denied: Set<String>
  /// Whether it denies anything.
  let denies: Bool

  private let statement: MemoryStatement

  /// Weight of a verb that many facts of one sentence share: alone it is no evidence.
  private static let predicateWeight: Float = 0.25

  init(_ statement: MemoryStatement) {
    var weights: [String: Float] = [:]
    var all: Set<String> = []
    var numbers: Set<String> = []
    var denied: Set<String> = []
    var denies = statement.polarity == .negative
    // A denial reaches to the end, or to where a contrast begins: "likes tea but not coffee" does not deny tea.
    var isUnderDenial = denies
    for word in NormalizedText.of(statement.text).split(separator: " ").map(String.init) {
      let stem = Self.stem(word)
      all.formUnion([word, stem])
      if Self.denials.contains(word) {
        denies = true
        isUnderDenial = true
      } else if Self.contrasts.contains(word) {
        isUnderDenial = statement.polarity == .negative
      }
      if word.contains(where: \.isNumber) { numbers.insert(word) }
      guard !Self.empty.contains(word), !Self.empty.contains(stem), !Self.denials.contains(word) else { continue }
      if let predicate = Self.predicates[stem] {
        weights[predicate] = Self.predicateWeight
      } else {
        weights[stem] = 1
        if isUnderDenial { denied.insert(stem) }
      }
    }
    self.weights = weights
    self.all = all
    self.numbers = numbers
    self.denied = denied
    self.denies = denies
    self.statement = statement
    var slotWeights: [String: Float] = [:]
    if let slot = statement.slot, let value = statement.value {
      for stem in slot.attribute.split(separator: "_").map({ Self.stem(String($0)) }) {
        slotWeights[Self.predicates[stem] ?? stem] = Self.predicateWeight
      }
      for stem in Self.stems(value) where !Self.empty.contains(stem) { slotWeights[stem] = 1 }
    }
    self.slotWeights = slotWeights
  }

  /// Words of the text that stand with a capital inside a sentence, of the text itself or of what was said. Looked for
  /// only where the rest agrees, as quotes are long.
  var names: Set<String> {
    var names: Set<String> = []
    for sentence in [statement.text] + statement.spans.map(\.quote) {
      var startsSentence = true
      for part in sentence.split(whereSeparator: \.isWhitespace) {
        let word = NormalizedText.of(String(part))
        if !startsSentence, part.first(where: \.isLetter)?.isUppercase == true, word.count > 1, all.contains(word) {
          names.insert(word)
        }
        startsSentence = part.last.map { ".!?:".contains($0) } ?? false
      }
    }
    return names.subtracting(Self.empty)
  }

  /// What share of one statement's meaning the other one holds, 0…1, whichever is more. Where a statement fills a slot,
  /// the slot's name and value are its meaning as well as its words are.
  func containment(with other: StatementWords) -> Float {
    var best = Self.share(of: weights, and: other.weights, choosing: min)
    for (slot, words) in [(slotWeights, other.weights), (other.slotWeights, weights)] where !slot.isEmpty {
      best = max(best, Self.share(of: slot, and: words) { slot, _ in slot })
    }
    return best
  }

  /// What share of the longer statement's words the other one holds, 0…1.
  func agreement(with other: StatementWords) -> Float {
    Self.share(of: weights, and: other.weights, choosing: max)
  }

  private static func share(
    of left: [String: Float], and right: [String: Float], choosing choose: (Float, Float) -> Float
  ) -> Float {
    let totals = (left.values.reduce(0, +), right.values.reduce(0, +))
    // Of verbs alone nothing follows.
    guard min(totals.0, totals.1) >= 1 else { return left == right && !left.isEmpty ? 1 : 0 }
    return left.reduce(0) { $0 + (right[$1.key] == nil ? 0 : $1.value) } / choose(totals.0, totals.1)
  }

  /// Whether the two cannot mean the same: one denies, or each names somebody or a number that the other does not.
  func contradicts(_ other: StatementWords) -> Bool {
    deniesOtherwise(than: other) || hasOtherNumbers(than: other)
      || !names.subtracting(other.all).isEmpty && !other.names.subtracting(all).isEmpty
  }

  /// Whether one of them denies what both speak of.
  private func deniesOtherwise(than other: StatementWords) -> Bool {
    let shared = Set(weights.keys.filter { weights[$0] == 1 && other.weights[$0] == 1 })
    guard !shared.isEmpty else { return denies != other.denies }
    return denied.isDisjoint(with: shared) != other.denied.isDisjoint(with: shared)
  }

  /// Whether each has a number that the other has not.
  func hasOtherNumbers(than other: StatementWords) -> Bool {
    !numbers.subtracting(other.numbers).isEmpty && !other.numbers.subtracting(numbers).isEmpty
  }

  /// Whether it holds every word of `phrase`, which is normalised.
  func holds(_ phrase: String) -> Bool {
    phrase.split(separator: " ").allSatisfy { all.contains(String($0)) || all.contains(Self.stem(String($0))) }
  }

  /// The stems of a normalised phrase.
  static func stems(_ phrase: String) -> Set<String> {
    Set(phrase.split(separator: " ").map { stem(String($0)) })
  }

  /// The word without the endings of English plurals, verbs and adjectives. Words of other languages stay nearly whole.
  static func stem(_ word: String) -> String {
    var stem = word[...]
    func drop(_ ending: String, keeping count: Int) -> Bool {
      guard stem.hasSuffix(ending), stem.count - ending.count >= count else { return false }
      stem = stem.dropLast(ending.count)
      return true
    }
    if drop("ies", keeping: 2) {
      stem += "y"
    } else if !stem.hasSuffix("ss") {
      _ = drop("s", keeping: 3)
    }
    if !drop("ing", keeping: 3) { _ = drop("ed", keeping: 3) }
    // "allergic" and "allergy" are one, "music" is whole.
    if !drop("ic", keeping: 4) { _ = drop("y", keeping: 4) }
    _ = drop("e", keeping: 3)
    return String(stem)
  }

  /// Words with which a statement denies, ends or rejects something.
  private static let denials: Set<String> = DistinguishingMarks.denials.union([
    "dislike", "dislikes", "disliked", "hate", "hates", "hated", "avoid", "avoids", "stopped", "quit", "former",
    "formerly", "refuses", "lacks",
  ])

  /// Words with which something else begins, to which a denial before does not reach.
  private static let contrasts: Set<String> = ["but", "although", "though", "while", "whereas", "however", "instead"]

  /// Verbs that say little about which fact it is, by stem, each with the first one of its kind.
  private static let predicates: [String: String] = {
    let kinds = [
      ["like", "love", "enjoy", "prefer", "favorite", "favourite", "adore", "fond", "fan"],
      ["live", "reside", "home", "base", "dwell"], ["work", "job", "employ", "profession", "occupation"],
      ["name", "call"], ["want", "wish"], ["plan", "intend"], ["use"], ["go"], ["get"], ["make"], ["feel"], ["know"],
      ["think"], ["say"],
    ]
    var predicates: [String: String] = [:]
    for kind in kinds {
      for word in kind { predicates[stem(word)] = kind[0] }
    }
    return predicates
  }()

  /// Words without meaning of their own.
  private static let empty: Set<String> = [
    "a", "an", "the", "and", "or", "but", "of", "to", "in", "on", "at", "by", "for", "from", "with", "as", "into",
    "that", "this", "these", "those", "it", "its", "is", "are", "was", "were", "be", "been", "being", "am", "im",
    "i", "me", "my", "mine", "he", "him", "his", "she", "her", "hers", "they", "them", "their", "we", "us", "our",
    "you", "your", "user", "users", "has", "have", "had", "having", "own", "owns", "owned", "got", "do", "does",
    "did", "will", "would", "can", "could", "should", "may", "might", "so", "very", "really", "also", "too", "just",
    "there", "here", "who", "which", "what", "when", "where", "how", "than", "then", "both", "ive", "now", "currently",
  ]
}

import FoundationEssentials

/// Finds, among the facts of one generation, those that a person meant who saw another one's: by where they were read
/// from, and by what they say.
enum MemoryMatching {
  /// How well two statements of one source agree.
  struct Match {
    /// The same slot with the same value, or the same words.
    var isCertain: Bool
    /// 0…1: the better one of the cosine and the share of words.
    var score: Float
    /// Whether it is beyond doubt: each one that is, is the same fact, worded, split or merged otherwise.
    var isStrong: Bool
  }

  /// A statement with its vector, where there is one, and its id, which settles ties.
  struct Entry {
    var id: UUID
    var statement: MemoryStatement
    var vector: [Float]?
  }

  /// Those of `entries` that say what `target` says and come from the same words, the best one first.
  ///
  /// The best one matches at a moderate floor, if it comes from the very words; further ones, and those from other
  /// words of the same message, only beyond doubt. So what two models word differently is found, what one of them
  /// splits is found in all its parts, and the other facts of the sentence stay.
  /// - Parameter best: The one that is known to be the best, so that no other one matches at the floor.
  static func matches(
    _ target: Entry, among entries: [Entry], policy: MatchingPolicy, best knownBest: UUID? = nil
  ) -> [Entry] {
    let target = (entry: target, words: StatementWords(target.statement))
    var found: [(entry: Entry, match: Match, overlap: SourceSpan.Overlap)] = []
    let near = entries.map { (entry: $0, overlap: overlap(target.entry.statement, $0.statement)) }
      .filter { $0.overlap > .none }
    let isLone = near.count { $0.overlap == .words } == 1
    for (entry, overlap) in near {
      let cosineFloor = isLone && overlap == .words ? policy.loneCosineFloor : policy.cosineFloor
      guard let match = match(target, entry, policy: policy, cosineFloor: cosineFloor) else { continue }
      found.append((entry, match, overlap))
    }
    // Of two that say it, the one that still holds is meant where the target did, and the other where it did not.
    func rank(_ item: (entry: Entry, match: Match, overlap: SourceSpan.Overlap)) -> (Int, Int, Float) {
      let isAsCurrent = item.entry.statement.isCurrent == target.entry.statement.isCurrent
      return (item.match.isCertain ? 1 : 0, isAsCurrent ? 1 : 0, item.match.score)
    }
    found.sort { rank($0) == rank($1) ? $0.entry.id.text < $1.entry.id.text : rank($0) > rank($1) }
    let best = knownBest ?? found.first { $0.overlap == .words }?.entry.id
    return found.filter { $0.match.isStrong || $0.entry.id == best }.map(\.entry)
  }

  /// Whether the two are the same fact wherever they were said: one memory in the eyes of resolution, or all the same
  /// words in another order or form.
  static func isSame(_ left: Entry, _ right: Entry, policy: ResolutionPolicy) -> Bool {
    same(as: left, among: [right], policy: policy).count == 1
  }

  /// Those of `entries` that are the same fact as `target`, in that sense.
  static func same(as target: Entry, among entries: [Entry], policy: ResolutionPolicy) -> [Entry] {
    let words = StatementWords(target.statement)
    return entries.filter { isSame(target, words, $0, policy: policy) }
  }

  private static func isSame(
    _ left: Entry, _ words: StatementWords, _ right: Entry, policy: ResolutionPolicy
  ) -> Bool {
    let (a, b) = (left.statement, right.statement)
    guard a.isCurrent, b.isCurrent, a.scope.hasSameAudience(as: b.scope), a.subject == b.subject else { return false }
    if NormalizedText.of(a.text) == NormalizedText.of(b.text) { return true }
    if let slot = a.slot, slot == b.slot {
      return a.value != nil && a.value == b.value && a.polarity == b.polarity
    }
    guard a.slot == nil || b.slot == nil else { return false }
    let otherWords = StatementWords(b)
    if words.agreement(with: otherWords) >= policy.matching.strongContainment, !words.contradicts(otherWords) {
      return true
    }
    return a.slot == nil && b.slot == nil
      && cosine(left.vector, right.vector) >= policy.nearDuplicateCosine
      && DistinguishingMarks(of: a.text) == DistinguishingMarks(of: b.text)
  }

  static func overlap(_ left: MemoryStatement, _ right: MemoryStatement) -> SourceSpan.Overlap {
    left.spans.reduce(.none) { best, span in
      best == .words ? best : right.spans.reduce(best) { max($0, span.overlap(with: $1)) }
    }
  }

  /// How well the two agree in what they say; nil where they do not.
  private static func match(
    _ target: (entry: Entry, words: StatementWords), _ entry: Entry, policy: MatchingPolicy, cosineFloor: Float
  ) -> Match? {
    let (a, b) = (target.entry.statement, entry.statement)
    if NormalizedText.of(a.text) == NormalizedText.of(b.text), a.polarity == b.polarity, !haveOtherValues(a, b) {
      return Match(isCertain: true, score: 1, isStrong: true)
    }
    let words = StatementWords(b)
    switch slots(a, b) {
    case .same: return Match(isCertain: true, score: 1, isStrong: true)
    case .other: return nil
    case .reworded where !target.words.hasOtherNumbers(than: words):
      return Match(isCertain: false, score: policy.containmentFloor, isStrong: false)
    case .reworded, .open: break
    }
    guard !target.words.contradicts(words), !haveOtherSubjects((a, target.words), (b, words)) else { return nil }
    let lexical = target.words.containment(with: words)
    let cosine = cosine(target.entry.vector, entry.vector)
    let isStrong = lexical >= policy.strongContainment || cosine >= policy.strongCosine
    guard lexical >= policy.containmentFloor || cosine >= cosineFloor else { return nil }
    return Match(isCertain: false, score: max(lexical, cosine), isStrong: isStrong)
  }

  /// What the slots alone tell.
  private enum SlotEvidence {
    /// The same slot, the same value.
    case same
    /// Another slot or another value: another fact.
    case other
    /// The one value of a slot, which at least one model put into words of its own: `NYC`, `New York City`.
    case reworded
    /// Nothing.
    case open
  }

  private static func slots(_ a: MemoryStatement, _ b: MemoryStatement) -> SlotEvidence {
    guard let left = a.slot, let right = b.slot else { return .open }
    if left == right, a.polarity != b.polarity { return .other }
    guard let value = a.value, let otherValue = b.value else {
      // A person's words took the place of the value. Where there is only one, it was that one.
      return left == right && left.isSingleValued && a.isCurrent == b.isCurrent ? .same : .open
    }
    let (stems, otherStems) = (StatementWords.stems(value), StatementWords.stems(otherValue))
    let agree = stems.isSubset(of: otherStems) || otherStems.isSubset(of: stems)
    guard left == right else { return agree || left.subject != right.subject ? .open : .other }
    if agree { return .same }
    let said = (a.spans + b.spans).reduce(into: Set<String>()) {
      $0.formUnion(StatementWords.stems(NormalizedText.of($1.quote)))
    }
    // Two values that were both said are two.
    guard !stems.isSubset(of: said) || !otherStems.isSubset(of: said) else { return .other }
    return left.isSingleValued ? .reworded : .open
  }

  private static func haveOtherValues(_ a: MemoryStatement, _ b: MemoryStatement) -> Bool {
    if case .other = slots(a, b) { return true }
    return false
  }

  /// Whether both are about somebody, and neither mentions the other's.
  private static func haveOtherSubjects(
    _ a: (statement: MemoryStatement, words: StatementWords), _ b: (statement: MemoryStatement, words: StatementWords)
  ) -> Bool {
    a.statement.subject != b.statement.subject && a.statement.subject != "user" && b.statement.subject != "user"
      && !a.words.holds(b.statement.subject) && !b.words.holds(a.statement.subject)
  }

  private static func cosine(_ left: [Float]?, _ right: [Float]?) -> Float {
    guard let left, let right, !left.isEmpty, left.count == right.count else { return 0 }
    return VectorMath.dot(left, of: right)
  }
}

/// The stem of an English word: M. F. Porter, "An algorithm for suffix stripping", 1980, with the two departures that
/// his own reference implementation makes (`bli` and `logi` in step 2), as FTS5's `porter` has them.
public enum PorterStemmer {
  /// The stem of `word`. What is not made of the letters a to z alone, or has fewer than three, is its own stem.
  public static func stem(_ word: String) -> String {
    String(decoding: stem(Array(word.utf8)), as: UTF8.self)
  }

  /// The same in UTF-8. A stem begins with its word's first letter.
  static func stem(_ word: [UInt8]) -> [UInt8] {
    guard word.count > 2, word.allSatisfy({ (97...122).contains($0) }) else { return word }
    var stem = Stem(letters: word)
    stem.stripPlural()
    stem.stripPastAndProgressive()
    stem.turnFinalY()
    stem.replace(by: Stem.step2)
    stem.replace(by: Stem.step3)
    stem.stripStep4()
    stem.tidy()
    return stem.letters
  }
}

/// A word on its way to its stem.
private struct Stem {
  /// Letters a to z.
  var letters: [UInt8]

  typealias Rule = (ending: [UInt8], replacement: [UInt8])

  private static func rules(_ pairs: [(String, String)]) -> [Rule] {
    pairs.map { (Array($0.0.utf8), Array($0.1.utf8)) }
  }

  static let step2 = rules([
    ("ational", "ate"), ("tional", "tion"), ("enci", "ence"), ("anci", "ance"), ("izer", "ize"), ("bli", "ble"),
    ("alli", "al"), ("entli", "ent"), ("eli", "e"), ("ousli", "ous"), ("ization", "ize"), ("ation", "ate"),
    ("ator", "ate"), ("alism", "al"), ("iveness", "ive"), ("fulness", "ful"), ("ousness", "ous"), ("aliti", "al"),
    ("iviti", "ive"), ("biliti", "ble"), ("logi", "log"),
  ])

  static let step3 = rules([
    ("icate", "ic"), ("ative", ""), ("alize", "al"), ("iciti", "ic"), ("ical", "ic"), ("ful", ""), ("ness", ""),
  ])

  private static let step4 = rules(
    [
      "al", "ance", "ence", "er", "ic", "able", "ible", "ant", "ement", "ment", "ent", "ion", "ou", "ism", "ate", "iti",
      "ous", "ive", "ize",
    ].map { ($0, "") })

  private static let sses = Array("sses".utf8)
  private static let ies = Array("ies".utf8)
  private static let ss = Array("ss".utf8)
  private static let eed = Array("eed".utf8)
  private static let ed = Array("ed".utf8)
  private static let ing = Array("ing".utf8)
  /// Endings that lost an e with "ed" and "ing".
  private static let lacksE = ["at", "bl", "iz"].map { Array($0.utf8) }

  // MARK: Shape

  private func isConsonant(_ index: Int) -> Bool {
    switch letters[index] {
    case UInt8(ascii: "a"), UInt8(ascii: "e"), UInt8(ascii: "i"), UInt8(ascii: "o"), UInt8(ascii: "u"): false
    case UInt8(ascii: "y"): index == 0 || !isConsonant(index - 1)
    default: true
    }
  }

  /// How often a vowel is followed by a consonant in the first `count` letters.
  private func measure(_ count: Int) -> Int {
    var measure = 0
    var afterVowel = false
    for index in 0..<count {
      let isConsonant = isConsonant(index)
      if isConsonant, afterVowel { measure += 1 }
      afterVowel = !isConsonant
    }
    return measure
  }

  private func hasVowel(_ count: Int) -> Bool { (0..<count).contains { !isConsonant($0) } }

  /// Whether the first `count` letters end in the same consonant twice.
  private func endsInDouble(_ count: Int) -> Bool {
    count > 1 && letters[count - 1] == letters[count - 2] && isConsonant(count - 1)
  }

  /// Whether the first `count` letters end in consonant, vowel, consonant, the last one not w, x or y.
  private func endsShort(_ count: Int) -> Bool {
    guard count > 2, isConsonant(count - 1), !isConsonant(count - 2), isConsonant(count - 3) else { return false }
    return ![UInt8(ascii: "w"), UInt8(ascii: "x"), UInt8(ascii: "y")].contains(letters[count - 1])
  }

  /// How many letters stand before `ending`; nil where the word ends otherwise.
  private func length(before ending: [UInt8]) -> Int? {
    let start = letters.count - ending.count
    guard start >= 0 else { return nil }
    for index in ending.indices where letters[start + index] != ending[index] { return nil }
    return start
  }

  private mutating func cut(to count: Int) { letters.removeLast(letters.count - count) }

  // MARK: Steps

  /// Step 1a.
  mutating func stripPlural() {
    if length(before: Self.sses) != nil || length(before: Self.ies) != nil {
      cut(to: letters.count - 2)
    } else if letters.last == UInt8(ascii: "s"), length(before: Self.ss) == nil {
      cut(to: letters.count - 1)
    }
  }

  /// Step 1b.
  mutating func stripPastAndProgressive() {
    if let count = length(before: Self.eed) {
      if measure(count) > 0 { cut(to: letters.count - 1) }
      return
    }
    guard let count = length(before: Self.ed) ?? length(before: Self.ing), hasVowel(count) else { return }
    cut(to: count)
    let e = UInt8(ascii: "e")
    if Self.lacksE.contains(where: { length(before: $0) != nil }) {
      letters.append(e)
    } else if endsInDouble(letters.count) {
      let last = letters[letters.count - 1]
      if last != UInt8(ascii: "l"), last != UInt8(ascii: "s"), last != UInt8(ascii: "z") { cut(to: letters.count - 1) }
    } else if measure(letters.count) == 1, endsShort(letters.count) {
      letters.append(e)
    }
  }

  /// Step 1c.
  mutating func turnFinalY() {
    guard letters.last == UInt8(ascii: "y"), hasVowel(letters.count - 1) else { return }
    letters[letters.count - 1] = UInt8(ascii: "i")
  }

  /// The rule with the longest ending that the word has.
  private func longest(of rules: [Rule]) -> (rule: Rule, count: Int)? {
    var longest: (rule: Rule, count: Int)?
    for rule in rules {
      guard let count = length(before: rule.ending) else { continue }
      if longest.map({ count < $0.count }) ?? true { longest = (rule, count) }
    }
    return longest
  }

  /// Steps 2 and 3.
  mutating func replace(by rules: [Rule]) {
    guard let (rule, count) = longest(of: rules), measure(count) > 0 else { return }
    cut(to: count)
    letters += rule.replacement
  }

  mutating func stripStep4() {
    guard let (rule, count) = longest(of: Self.step4), measure(count) > 1 else { return }
    let last = letters[count - 1]
    let isION = rule.ending.count == 3 && rule.ending[0] == UInt8(ascii: "i") && rule.ending[1] == UInt8(ascii: "o")
    guard !isION || last == UInt8(ascii: "s") || last == UInt8(ascii: "t") else { return }
    cut(to: count)
  }

  /// Step 5.
  mutating func tidy() {
    if letters.last == UInt8(ascii: "e") {
      let count = letters.count - 1
      let measure = measure(count)
      if measure > 1 || measure == 1 && !endsShort(count) { cut(to: count) }
    }
    if letters.last == UInt8(ascii: "l"), endsInDouble(letters.count), measure(letters.count) > 1 {
      cut(to: letters.count - 1)
    }
  }
}

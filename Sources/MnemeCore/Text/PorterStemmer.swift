/// The stem of an English word: M. F. Porter, "An algorithm for suffix stripping", 1980, with the two departures that
/// his own reference implementation makes (`bli` and `logi` in step 2), as FTS5's `porter` has them.
public enum PorterStemmer {
  /// The stem of `word`. What is not made of the letters a to z alone, or has fewer than three, is its own stem.
  public static func stem(_ word: String) -> String {
    let letters = Array(word.utf8)
    guard letters.count > 2, letters.allSatisfy({ (97...122).contains($0) }) else { return word }
    var stem = Stem(letters: letters)
    stem.stripPlural()
    stem.stripPastAndProgressive()
    stem.turnFinalY()
    stem.replaceFirst(of: Stem.step2, measure: 1)
    stem.replaceFirst(of: Stem.step3, measure: 1)
    stem.stripStep4()
    stem.tidy()
    return String(decoding: stem.letters, as: UTF8.self)
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

  private static let step4 = [
    "al", "ance", "ence", "er", "ic", "able", "ible", "ant", "ement", "ment", "ent", "ion", "ou", "ism", "ate", "iti",
    "ous", "ive", "ize",
  ].map { Array($0.utf8) }

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
    guard letters.count >= ending.count, letters.suffix(ending.count).elementsEqual(ending) else { return nil }
    return letters.count - ending.count
  }

  private func length(before ending: StaticString) -> Int? { length(before: Array(ending.description.utf8)) }

  private mutating func cut(to count: Int) { letters.removeLast(letters.count - count) }

  // MARK: Steps

  /// Step 1a.
  mutating func stripPlural() {
    if length(before: "sses") != nil || length(before: "ies") != nil {
      cut(to: letters.count - 2)
    } else if length(before: "ss") == nil, let count = length(before: "s") {
      cut(to: count)
    }
  }

  /// Step 1b.
  mutating func stripPastAndProgressive() {
    if let count = length(before: "eed") {
      if measure(count) > 0 { cut(to: letters.count - 1) }
      return
    }
    let ending = length(before: "ed") ?? length(before: "ing")
    guard let count = ending, hasVowel(count) else { return }
    cut(to: count)
    let e = UInt8(ascii: "e")
    if length(before: "at") != nil || length(before: "bl") != nil || length(before: "iz") != nil {
      letters.append(e)
    } else if endsInDouble(letters.count) {
      let last = letters[letters.count - 1]
      if ![UInt8(ascii: "l"), UInt8(ascii: "s"), UInt8(ascii: "z")].contains(last) { cut(to: letters.count - 1) }
    } else if measure(letters.count) == 1, endsShort(letters.count) {
      letters.append(e)
    }
  }

  /// Step 1c.
  mutating func turnFinalY() {
    guard let count = length(before: "y"), hasVowel(count) else { return }
    letters[count] = UInt8(ascii: "i")
  }

  /// Steps 2 and 3: the rule with the longest ending that the word has is the one that counts.
  mutating func replaceFirst(of rules: [Rule], measure least: Int) {
    let fitting = rules.filter { length(before: $0.ending) != nil }
    guard let rule = fitting.max(by: { $0.ending.count < $1.ending.count }),
      let count = length(before: rule.ending), measure(count) >= least
    else { return }
    cut(to: count)
    letters += rule.replacement
  }

  mutating func stripStep4() {
    let fitting = Self.step4.filter { length(before: $0) != nil }
    guard let ending = fitting.max(by: { $0.count < $1.count }), let count = length(before: ending),
      measure(count) > 1
    else { return }
    if ending.elementsEqual("ion".utf8) {
      guard count > 0, letters[count - 1] == UInt8(ascii: "s") || letters[count - 1] == UInt8(ascii: "t") else {
        return
      }
    }
    cut(to: count)
  }

  /// Step 5.
  mutating func tidy() {
    if let count = length(before: "e") {
      let measure = measure(count)
      if measure > 1 || measure == 1 && !endsShort(count) { cut(to: count) }
    }
    if letters.last == UInt8(ascii: "l"), endsInDouble(letters.count), measure(letters.count) > 1 {
      cut(to: letters.count - 1)
    }
  }
}

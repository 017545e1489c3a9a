/// The words of a text that say what it is about: lower case, without marks, stemmed, without stop words.
///
/// English words are stemmed; words of other languages stay as they are. Scripts that put no space between words (Han,
/// kana, Thai, Lao, Khmer, Burmese) give every two neighbouring characters as a word.
public enum ContentWords {
  /// The words of `text` in their order, repeated as often as they occur.
  public static func all(of text: some StringProtocol) -> [String] {
    var words: [String] = []
    forEach(of: text) { words.append($0) }
    return words
  }

  /// The different words of `text`.
  public static func set(of text: some StringProtocol) -> Set<String> {
    var words: Set<String> = []
    forEach(of: text) { words.insert($0) }
    return words
  }

  /// English words that stand in most sentences, whatever they are about, apostrophes left out.
  public static let stopWords = Set(
    """
    a about after again all also am an and any are as at be because been before being between both but by can could did \
    do does doing down during each few for from further had has have having he her here hers him himself his how i if in \
    into is it its itself just let like me more most my myself no nor not now of off on once only or other our ours out \
    over own please same she should so some such tell than that the their theirs them then there these they this those \
    through to too under until up us very was we were what when where which while who whom why will with would you your \
    yours arent cant couldnt didnt doesnt dont hadnt hasnt havent hes im isnt ive lets shes shouldnt thats theres theyre \
    theyve wasnt weve werent whats wont wouldnt youre youve s t m re ve d ll
    """.split(separator: " ").map(String.init))

  private static let stopWordBytes = Set(stopWords.map { Array($0.utf8) })

  /// Calls `body` with each word of `text`. Where `initials` are given, words of ASCII with another first letter than
  /// those are passed over.
  fileprivate static func forEach(
    of text: some StringProtocol, initials: Set<UInt8>? = nil, _ body: (String) -> Void
  ) {
    // In UTF-8, as nearly every word is ASCII.
    var word: [UInt8] = []
    var isASCII = true
    func close() {
      guard let first = word.first else { return }
      if !isASCII {
        for part in parts(of: String(decoding: word, as: UTF8.self)) { body(part) }
      } else if initials?.contains(first) ?? true, !stopWordBytes.contains(word) {
        body(String(decoding: PorterStemmer.stem(word), as: UTF8.self))
      }
      word.removeAll(keepingCapacity: true)
      isASCII = true
    }
    for scalar in text.unicodeScalars {
      switch scalar.value {
      case 0x61...0x7A, 0x30...0x39: word.append(UInt8(truncatingIfNeeded: scalar.value))
      case 0x41...0x5A: word.append(UInt8(truncatingIfNeeded: scalar.value + 0x20))
      case 0x27, 0x2019: break
      case ..<0x80: close()
      default:
        guard isPart(scalar) else {
          close()
          continue
        }
        word.append(contentsOf: scalar.properties.lowercaseMapping.utf8)
        isASCII = false
      }
    }
    close()
  }

  private static func isPart(_ scalar: Unicode.Scalar) -> Bool {
    let properties = scalar.properties
    return properties.isAlphabetic || properties.numericType != nil || properties.generalCategory == .nonspacingMark
  }

  /// A word that holds other letters than ASCII's.
  private static func parts(of word: String) -> [String] {
    var parts: [String] = []
    var run: [Character] = []
    var runIsUnspaced = false
    func close() {
      guard !run.isEmpty else { return }
      if runIsUnspaced, run.count > 1 {
        parts += zip(run, run.dropFirst()).map { String([$0, $1]) }
      } else {
        parts.append(String(run))
      }
      run = []
    }
    for character in word {
      let isUnspaced = character.unicodeScalars.first.map(isOfUnspacedScript) ?? false
      if isUnspaced != runIsUnspaced { close() }
      runIsUnspaced = isUnspaced
      run.append(character)
    }
    close()
    return parts
  }

  private static func isOfUnspacedScript(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x0E00...0x0EFF, 0x1000...0x109F, 0x1780...0x17FF, 0x3040...0x30FF, 0x3400...0x4DBF, 0x4E00...0x9FFF,
      0xF900...0xFAFF, 0x20000...0x3134F:
      true
    default: false
    }
  }
}

/// The words of a question, to be looked for in many texts.
struct AskedWords: Sendable {
  private let words: Set<String>
  private let initials: Set<UInt8>

  /// The content words of `question`.
  init(_ question: String) {
    self.words = ContentWords.set(of: question)
    // A stem begins as its word does.
    self.initials = Set(words.compactMap(\.utf8.first))
  }

  /// Which of them are among the content words of `text`.
  func found(in text: some StringProtocol) -> Set<String> {
    var found: Set<String> = []
    ContentWords.forEach(of: text, initials: initials) { if words.contains($0) { found.insert($0) } }
    return found
  }
}

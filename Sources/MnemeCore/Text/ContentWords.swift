/// The words of a text that say what it is about: lower case, without marks, stemmed, without stop words.
///
/// English words are stemmed; words of other languages stay as they are. Scripts that put no space between words (Han,
/// kana, Thai, Lao, Khmer, Burmese) give every two neighbouring characters as a word.
public enum ContentWords {
  /// The words of `text` in their order, repeated as often as they occur.
  public static func all(of text: String) -> [String] {
    var words: [String] = []
    for word in NormalizedText.of(text).split(separator: " ") {
      if word.utf8.allSatisfy({ $0 < 0x80 }) {
        guard !stopWords.contains(String(word)) else { continue }
        words.append(PorterStemmer.stem(String(word)))
      } else {
        words += parts(of: word)
      }
    }
    return words
  }

  /// The different words of `text`.
  public static func set(of text: String) -> Set<String> { Set(all(of: text)) }

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

  /// A word that holds other letters than ASCII's.
  private static func parts(of word: Substring) -> [String] {
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

extension TextLanguage {
  /// The language of a text in Latin script; English where nothing says clearly that it is another one.
  package static func detect(_ text: String) -> TextLanguage {
    var text = text
    return text.withUTF8 { unsafe detect(UnsafeRawBufferPointer($0)) }
  }

  /// The same, of a text in UTF-8, by its beginning.
  package static func detect(_ text: UnsafeRawBufferPointer) -> TextLanguage {
    var votes = LanguageVotes()
    unsafe votes.read(UnsafeRawBufferPointer(rebasing: text.prefix(LanguageVotes.maxByteCount)))
    return votes.winner
  }
}

/// What the frequent words of a text say about its language. Each has one vote, which the languages that have the word
/// share.
private struct LanguageVotes {
  /// Bytes of a text that are looked at.
  static let maxByteCount = 4096

  /// Votes that a language other than English needs, by the parts of a vote.
  private static let minVotes = LanguageTable.vote * 4 / 10
  /// It needs more than this many halves of the votes that English has, as a text that quotes another language is one
  /// in English.
  private static let halvesOfEnglish = 3
  /// And one vote for so many words at least: texts consist of frequent words, lists of names and code do not.
  private static let maxWordsPerVote = 20
  /// One word alone may tell the language of a text of so many words: in longer ones it may be a word of English, and
  /// by itself anything.
  private static let wordCountOfOne = 2...3

  private let table = LanguageTable.shared
  /// By the place of each language. As many words as are looked at do not overflow it.
  private var votes = SIMD16<Int32>(repeating: 0)
  private var wordCount = 0
  /// Words that another language than English has.
  private var foreignCount = 0
  /// Those of them that may begin a name ("Los Angeles").
  private var maybeNameCount = 0

  /// The language that they are for.
  var winner: TextLanguage {
    var best = 0
    for index in 1..<LanguageTable.languages.count where best == 0 || votes[index] > votes[best] { best = index }
    let (found, english) = (Int(votes[best]), Int(votes[0]))
    guard found >= Self.minVotes, 2 * found > Self.halvesOfEnglish * english,
      found * Self.maxWordsPerVote >= wordCount * LanguageTable.vote,
      foreignCount > 1 || Self.wordCountOfOne.contains(wordCount), foreignCount > maybeNameCount
    else { return .english }
    return LanguageTable.languages[best]
  }

  /// What stands before a word.
  private enum Before {
    /// Something that ends a sentence, or nothing.
    case sentence
    /// A space, or what stands between words of a sentence.
    case space
    /// Part of an address, a number, code: what follows is no word of a sentence.
    case symbol
  }

  /// Counts the votes of a text's words.
  mutating func read(_ text: UnsafeRawBufferPointer) {
    var before = Before.sentence
    var index = 0
    while index < text.count {
      let byte = unsafe text[index]
      guard unsafe LanguageBytes.isLetter(text, at: index) else {
        unsafe before = Self.after(text, at: index, before)
        unsafe index += LanguageBytes.length(text, at: index)
        continue
      }
      let start = index
      var hash = LanguageHash()
      while index < text.count, unsafe LanguageBytes.isLetter(text, at: index) {
        unsafe index += hash.add(text, at: index)
      }
      wordCount += 1
      let isCapital = unsafe LanguageBytes.isCapital(text, at: start)
      // Names, and what is written in capitals, say nothing; with what begins a sentence it may be either.
      let isCapitals = unsafe byte < 0x80 && index - start > 1 && (0x41...0x5A).contains(text[start + 1])
      let isWord = before != .symbol && !(isCapital && before != .sentence) && !isCapitals
      let mayBeName = unsafe isCapital && LanguageBytes.isCapital(text, at: index + 1)
      before = .space
      guard isWord, unsafe Self.ends(text, at: index) else { continue }
      if unsafe LanguageBytes.isApostrophe(text, at: index) { hash.addApostrophe() }
      count(table.languages(of: hash.value), mayBeName: mayBeName)
    }
  }

  /// What stands before a word that begins after the character at `index`.
  private static func after(_ text: UnsafeRawBufferPointer, at index: Int, _ before: Before) -> Before {
    switch unsafe text[index] {
    case 0x2E, 0x21, 0x3F, 0x3A, 0x3B, 0x0A, 0x0D: .sentence  // . ! ? : ; and new lines
    case 0x20, 0x09, 0x22, 0x27, 0x28, 0x2A, 0x2C, 0x5B: before == .sentence ? .sentence : .space
    case 0x2D: unsafe index > 0 && text[index - 1] == 0x20 ? .space : .symbol  // - between words
    case 0x80...: before == .sentence ? .sentence : .space
    default: .symbol
    }
  }

  /// Whether a word may end before the character at `index`.
  private static func ends(_ text: UnsafeRawBufferPointer, at index: Int) -> Bool {
    guard index < text.count else { return true }
    switch unsafe text[index] {
    case 0x20, 0x09, 0x0A, 0x0D, 0x21, 0x22, 0x27, 0x29, 0x2A, 0x2C, 0x3A, 0x3B, 0x3F, 0x5D, 0x80...: return true
    case 0x2E: return unsafe index + 1 == text.count || text[index + 1] <= 0x29
    default: return false
    }
  }

  private mutating func count(_ languages: UInt16, mayBeName: Bool) {
    guard languages != 0 else { return }
    if languages > 1 {
      foreignCount += 1
      if mayBeName { maybeNameCount += 1 }
    }
    let share = Int32(LanguageTable.vote / languages.nonzeroBitCount)
    var rest = languages
    while rest != 0 {
      votes[rest.trailingZeroBitCount] += share
      rest &= rest &- 1
    }
  }
}

/// The bytes of words in UTF-8, as the table has them.
private enum LanguageBytes {
  /// Whether the character at `index` is part of a word. All beyond ASCII are but for punctuation.
  @inline(__always)
  static func isLetter(_ text: UnsafeRawBufferPointer, at index: Int) -> Bool {
    let byte = unsafe text[index]
    return switch byte {
    case 0x61...0x7A, 0x41...0x5A: true
    case ..<0x80, 0xC2, 0xE2, 0xE3: false
    default: true
    }
  }

  @inline(__always)
  static func isCapital(_ text: UnsafeRawBufferPointer, at index: Int) -> Bool {
    guard index < text.count else { return false }
    switch unsafe text[index] {
    case 0x41...0x5A: return true
    case 0xC3: return unsafe index + 1 < text.count && text[index + 1] < 0x9F
    default: return false
    }
  }

  /// ' or ’, with a word behind it.
  static func isApostrophe(_ text: UnsafeRawBufferPointer, at index: Int) -> Bool {
    guard index < text.count else { return false }
    switch unsafe text[index] {
    case 0x27: return unsafe index + 1 < text.count && isLetter(text, at: index + 1)
    case 0xE2:
      return unsafe index + 3 < text.count && text[index + 1] == 0x80 && text[index + 2] == 0x99
        && isLetter(text, at: index + 3)
    default: return false
    }
  }

  /// Bytes of the character at `index`, which is no letter.
  static func length(_ text: UnsafeRawBufferPointer, at index: Int) -> Int {
    switch unsafe text[index] {
    case 0xC2: 2
    case 0xE2, 0xE3: 3
    default: 1
    }
  }
}

/// Hash of a word in lower case.
private struct LanguageHash {
  private(set) var value: UInt32 = 0x811c_9dc5

  /// Takes the character at `index` in, and returns of how many bytes it is.
  @inline(__always)
  mutating func add(_ text: UnsafeRawBufferPointer, at index: Int) -> Int {
    let byte = unsafe text[index]
    if byte < 0x80 {
      add(byte | 0x20)
      return 1
    }
    add(byte)
    guard index + 1 < text.count, (0xC3...0xC8).contains(byte) else { return 1 }
    let next = unsafe text[index + 1]
    // À to Þ; elsewhere capitals stand beside small letters.
    add(byte == 0xC3 ? (next < 0x9F ? next + 0x20 : next) : next | 1)
    return 2
  }

  mutating func addApostrophe() { add(0x27) }

  /// FNV-1a of 32 bits.
  @inline(__always)
  private mutating func add(_ byte: UInt8) { value = (value ^ UInt32(byte)) &* 0x0100_0193 }
}

/// Which languages have a word, by its hash.
private final class LanguageTable: Sendable {
  static let shared = LanguageTable()

  /// English first; each has the bit of its place.
  static let languages = [TextLanguage.english] + TextLanguage.otherLatin
  /// A vote: every number of languages that share one divides it.
  static let vote = 720_720

  /// Hashes and languages of the words, where their hashes say, or as soon behind as there was room.
  private let slots: [(hash: UInt32, languages: UInt16)]
  private let mask: UInt32

  private init() {
    var known: [UInt32: UInt16] = [:]
    for (place, language) in Self.languages.enumerated() {
      for word in (language.functionWords + " " + language.frequentWords).split(whereSeparator: \.isWhitespace) {
        for form in [String(word), Self.bare(word)] { known[Self.hash(form), default: 0] |= 1 << UInt16(place) }
      }
    }
    // A quarter of them is taken at most, so that nearly every word is told by one look.
    let count = 1 << (Int.bitWidth - (4 * known.count).leadingZeroBitCount)
    var slots = [(hash: UInt32, languages: UInt16)](repeating: (0, 0), count: count)
    for (hash, languages) in known {
      var place = Int(hash) & (count - 1)
      while slots[place].languages != 0 { place = (place + 1) & (count - 1) }
      slots[place] = (hash, languages)
    }
    self.slots = slots
    mask = UInt32(count - 1)
  }

  /// The languages that have the word of that hash, as bits.
  @inline(__always)
  func languages(of hash: UInt32) -> UInt16 {
    var place = Int(hash & mask)
    while slots[place].languages != 0 {
      if slots[place].hash == hash { return slots[place].languages }
      place = (place + 1) & Int(mask)
    }
    return 0
  }

  private static func hash(_ word: String) -> UInt32 {
    var hash = LanguageHash()
    var word = word
    word.withUTF8 { bytes in
      let bytes = UnsafeRawBufferPointer(bytes)
      var index = 0
      while index < bytes.count {
        if unsafe bytes[index] == 0x27 {
          hash.addApostrophe()
          index += 1
        } else {
          unsafe index += hash.add(bytes, at: index)
        }
      }
    }
    return hash.value
  }

  /// The word as those write it who have no marks at hand; short ones would mean anything.
  private static func bare(_ word: Substring) -> String {
    guard word.count > 2 else { return String(word) }
    return String(
      word.map { character in
        bareLetters.first { $0.marked.contains(character) }?.letter ?? character
      })
  }

  private static let bareLetters: [(letter: Character, marked: String)] = [
    ("a", "àáâãäåă"), ("c", "ç"), ("e", "èéêë"), ("g", "ğ"), ("i", "ìíîïı"), ("n", "ñ"), ("o", "òóôõöőø"), ("s", "șş"),
    ("t", "țţ"), ("u", "ùúûüű"), ("y", "ÿ"),
  ]
}

import MnemeCore

/// The kinds of value that a pattern can ask for.
enum ValueKind: String, Sendable {
  /// A capitalised name of a place, a person, an organisation.
  case place, name, org
  /// A name where the text says that it is one: in lower case too.
  case called
  /// A noun phrase; several, joined by commas and `and`; nouns of which the first is capitalised.
  case np, list, title
  /// Everything up to the end of the clause.
  case clause
  /// Something one does: a noun phrase or a word in -ing.
  case activity
  /// A noun phrase with an occupation, a diet, a vehicle, a color, a language, an illness … for its head.
  case job, diet, vehicle, color, language, nationality, device, illness, sport, pastime, animal, relation, status
  /// What stands before "allergy"; a way to reply; how many children; what one will do.
  case allergen = "np-allergy"
  case replyStyle = "reply-style"
  case children, action, manner
  /// A plausible age of a person; a capitalised word that the rules do not know.
  case age, newName
  /// One word, a number, a number written in digits, a year, a day of the month.
  case word, number, year, dayOfMonth
  /// A date as people write birthdays.
  case date
  case email, phone
}

/// Reads values from a stretch of a message.
struct ValueReader: Sendable {
  /// Longest noun phrase and longest clause, in words.
  static let maxPhraseWords = 7
  static let maxClauseWords = 24
  /// Most values of one list.
  static let maxListItems = 8

  let text: TokenizedText
  /// The token after the last one that may be read.
  let limit: Int
  /// Ranges of tokens that are dates: no other value holds them.
  var dates: [Range<Int>] = []

  /// The value of a kind that begins at token `at`, and where the text goes on after it; nil where there is none.
  func read(_ kind: ValueKind, at: Int) -> (values: [Range<Int>], end: Int)? {
    guard at < limit else { return nil }
    switch kind {
    case .place: return one(properName(at: at, maxWords: 5) ?? lowercaseName(at: at, maxWords: 2))
    case .org: return one(properName(at: at, maxWords: 5) ?? lowercaseOrganization(at: at))
    case .name: return one(properName(at: at, maxWords: 3))
    case .called: return one(properName(at: at, maxWords: 3) ?? lowercaseName(at: at, maxWords: 1))
    case .np: return one(nounPhrase(at: at))
    case .title: return one(title(at: at))
    case .list: return list(at: at)
    case .clause: return one(clause(at: at))
    case .activity: return one(activity(at: at))
    case .job: return one(job(at: at))
    case .animal: return one(phrase(at: at, headed: .animal))
    case .relation: return one(phrase(at: at, headed: .relation))
    case .allergen: return allergen(at: at)
    case .replyStyle: return one(phrase(at: at) { Vocabulary.shared.replies.contains($0.word) })
    case .manner: return one(clause(at: at, needsNoun: false))
    case .status: return one(single(at: at, .status))
    case .children: return one(children(at: at))
    case .action: return one(action(at: at))
    case .age: return number(at: at).flatMap { (5...110).contains($0) ? ([at..<at + 1], at + 1) : nil }
    case .newName: return one(newName(at: at))
    case .vehicle: return one(vehicle(at: at))
    case .diet: return one(single(at: at, .diet))
    case .color: return one(phrase(at: at, headed: .color))
    case .language: return list(at: at, of: .language)
    case .nationality: return one(single(at: at, .nationality))
    case .device: return one(phrase(at: at) { $0.traits.contains(.device) })
    case .illness: return one(phrase(at: at) { $0.traits.contains(.illness) })
    case .sport: return list(at: at, of: .sport)
    case .pastime: return list(at: at, of: .pastime)
    case .word: return text.tokens[at].isWord ? ([at..<at + 1], at + 1) : nil
    case .number: return number(at: at) == nil ? nil : ([at..<at + 1], at + 1)
    case .year: return year(at: at) == nil ? nil : ([at..<at + 1], at + 1)
    case .dayOfMonth: return dayOfMonth(at: at) == nil ? nil : ([at..<at + 1], at + 1)
    case .date: return one(dates.first { $0.contains(at) }.map { at..<$0.upperBound })
    case .email: return one(single(at: at) { contains("@", at: $0) && contains(".", at: $0) })
    case .phone: return one(phone(at: at))
    }
  }

  func one(_ range: Range<Int>?) -> (values: [Range<Int>], end: Int)? {
    guard let range, !range.isEmpty else { return nil }
    return ([range], range.upperBound)
  }

  func isDate(_ at: Int) -> Bool { dates.contains { $0.contains(at) } }

  func bytes(_ at: Int) -> ArraySlice<UInt8> { text.bytes[text.tokens[at].start..<text.tokens[at].end] }

  func contains(_ scalar: Unicode.Scalar, at: Int) -> Bool { bytes(at).contains(UInt8(ascii: scalar)) }

  // MARK: Single words

  func single(at: Int, _ trait: WordTraits) -> Range<Int>? {
    single(at: at) { text.tokens[$0].traits.contains(trait) }
  }

  func single(at: Int, _ accepts: (Int) -> Bool) -> Range<Int>? {
    at < limit && text.tokens[at].isWord && accepts(at) ? at..<at + 1 : nil
  }

  /// A number in digits or as a word.
  func number(at: Int) -> Int? {
    guard at < limit else { return nil }
    let token = text.tokens[at]
    if token.traits.contains(.number) { return NumberWords.value(of: String(decoding: bytes(at), as: UTF8.self)) }
    return token.shape.contains(.digits) ? NumberWords.value(ofDigits: bytes(at)) : nil
  }

  /// A year of four digits, 1900 … 2099.
  func year(at: Int) -> Int? {
    at < limit && text.tokens[at].shape.contains(.digits) ? NumberWords.year(bytes(at)) : nil
  }

  /// `5`, `5th`: 1 … 31.
  func dayOfMonth(at: Int) -> Int? {
    at < limit && text.tokens[at].shape.contains(.digits) ? NumberWords.dayOfMonth(bytes(at)) : nil
  }

  func phone(at: Int) -> Range<Int>? {
    var end = at
    var digits = 0
    while end < limit, end - at < 12 {
      let token = text.tokens[end]
      guard token.shape.contains(.digits) || token.is("+") || token.is("(") || token.is(")") || token.is("-") else {
        break
      }
      digits += bytes(end).count(where: ASCII.isDigit)
      end += 1
    }
    return digits >= 6 ? at..<end : nil
  }

  // MARK: Names

  /// Capitalised words, and what joins them.
  func properName(at: Int, maxWords: Int) -> Range<Int>? {
    var start = at
    while start < limit, text.tokens[start].traits.contains(.determiner), start - at < 1 { start += 1 }
    var end = start
    while end < limit, end - start < maxWords, isNamePart(end, isFirst: end == start) { end += 1 }
    // A name does not end in "of" or "&".
    while end > start, !isNameWord(end - 1) { end -= 1 }
    return end > start ? start..<end : nil
  }

  /// A name in a text without capitals.
  func lowercaseName(at: Int, maxWords: Int) -> Range<Int>? {
    guard text.isLowercase else { return nil }
    let start = at
    var end = start
    while end < limit, end - start < maxWords, isPlainLowercaseName(end) { end += 1 }
    return end > start ? start..<end : nil
  }

  func isNameWord(_ at: Int) -> Bool {
    let token = text.tokens[at]
    return token.isWord && !isDate(at)
      && (token.shape.contains(.capitalized) || (token.shape.contains(.digits) && !token.traits.contains(.number)))
      && token.traits.isDisjoint(with: [.firstPerson, .month, .weekday])
  }

  func isNamePart(_ at: Int, isFirst: Bool) -> Bool {
    if isNameWord(at) { return !(isFirst && text.tokens[at].shape.contains(.digits)) }
    guard !isFirst, at + 1 < limit, isNameWord(at + 1) else { return false }
    let token = text.tokens[at]
    return token.is("&") || NameParticles.words.contains(String(decoding: bytes(at), as: UTF8.self))
  }

  func lowercaseOrganization(at: Int) -> Range<Int>? {
    guard text.isLowercase, let range = nounPhrase(at: at) else { return nil }
    return isGerund(range.lowerBound) || text.tokens[range.lowerBound].shape.contains(.digits) ? nil : range
  }

  func isPlainLowercaseName(_ at: Int) -> Bool {
    let token = text.tokens[at]
    let excluded: WordTraits = [
      .function, .firstPerson, .secondPerson, .thirdPerson, .preposition, .conjunction, .adverb, .chat, .timeWord,
      .timeUnit, .negator, .number, .determiner, .unreal, .future, .occupation,
      .relation,
    ]
    return token.isWord && token.traits.isDisjoint(with: excluded) && !token.shape.contains(.digits) && !isDate(at)
  }

  /// A title: a text in quotes, a capitalised name, or else a noun phrase.
  func title(at: Int) -> Range<Int>? {
    if text.tokens[at].is("\""), let close = text.tokens[(at + 1)..<limit].firstIndex(where: { $0.is("\"") }),
      close - at <= 12
    {
      return at + 1..<close
    }
    let quoteFree = properName(at: at, maxWords: 8)
    guard let phrase = nounPhrase(at: at) else { return quoteFree }
    guard let quoteFree else { return phrase }
    return quoteFree.upperBound >= phrase.upperBound ? quoteFree : phrase
  }
}

/// Small words inside names: Rio de Janeiro, Bank of Ireland.
enum NameParticles {
  static let words: Set<String> = ["of", "de", "del", "la", "le", "du", "da", "van", "von", "der", "the"]
}

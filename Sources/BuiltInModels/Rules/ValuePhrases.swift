extension ValueReader {
  // MARK: Phrases

  /// A noun phrase without its article and without what trails it.
  func nounPhrase(at: Int) -> Range<Int>? {
    var start = at
    while start < limit, start - at < 3, isSkippedBeforeNoun(start) { start += 1 }
    var end = start
    let isDoing = start < limit && isGerund(start)
    while end < limit, end - start < Self.maxPhraseWords,
      isDoing ? continuesDoing(end) : continuesPhrase(end, from: start)
    {
      end += 1
    }
    while end > start, isTrailing(end - 1) { end -= 1 }
    guard start < end, text.tokens[start..<end].contains(where: isNounLike) else { return nil }
    return start..<end
  }

  /// "seeing my friends" goes on where "my friends" would not.
  func isGerund(_ at: Int) -> Bool {
    let word = bytes(at)
    return text.tokens[at].isWord && word.count > 4 && word.suffix(3).elementsEqual("ing".utf8)
      && !text.tokens[at].traits.contains(.function)
  }

  func continuesDoing(_ at: Int) -> Bool {
    !endsClause(at) && !isDate(at) && !isListWord(at) && text.tokens[at].word != Vocabulary.shared.forWord
  }

  func isSkippedBeforeNoun(_ at: Int) -> Bool {
    let token = text.tokens[at]
    if token.traits.contains(.hedge) || token.traits.contains([.adverb, .function]) { return true }
    return token.traits.contains(.determiner) && !token.traits.contains(.thirdPerson)
  }

  func continuesPhrase(_ at: Int, from start: Int) -> Bool {
    let token = text.tokens[at]
    if token.is("'") || token.is("&") { return at > start }
    guard token.isWord, !isDate(at) else { return false }
    if at > start, token.traits.contains(.determiner) { return false }
    let stops: WordTraits = [.conjunction, .firstPerson, .secondPerson, .auxiliary, .unreal, .future, .thirdPerson]
    if !token.traits.isDisjoint(with: stops) { return false }
    if token.traits.contains(.preposition) { return at > start && token.word == Vocabulary.shared.of }
    return !(at > start && token.traits.contains(.adverb) && token.traits.contains(.function))
  }

  func isTrailing(_ at: Int) -> Bool {
    let token = text.tokens[at]
    return !token.isWord
      || !token.traits.isDisjoint(with: [.adverb, .preposition, .timeWord, .negator, .determiner, .function])
      || (token.traits.contains(.interjection) && !token.shape.contains(.capitalized))
  }

  func isNounLike(_ token: Token) -> Bool {
    token.isWord && token.traits.isDisjoint(with: [.function, .thirdPerson, .interjection, .negator])
  }

  func phrase(at: Int, headed trait: WordTraits) -> Range<Int>? {
    guard let range = nounPhrase(at: at) else { return nil }
    // "nurse practitioner in training": the last word with the trait is the head.
    guard let head = range.last(where: { text.tokens[$0].traits.contains(trait) }) else { return nil }
    return endsPhrase(head + 1) ? range.lowerBound..<head + 1 : nil
  }

  /// Whether no further noun follows: "dog named …", but not "dog treats".
  func endsPhrase(_ at: Int) -> Bool {
    guard at < limit, text.tokens[at].isWord, !isDate(at) else { return true }
    let token = text.tokens[at]
    if token.word == Vocabulary.shared.possessive || token.shape.contains(.capitalized) { return true }
    let ends: WordTraits = [
      .function, .conjunction, .preposition, .auxiliary, .adverb, .firstPerson, .thirdPerson, .pastVerb, .timeWord,
      .interjection, .chat,
    ]
    if !token.traits.isDisjoint(with: ends) { return true }
    let ending = bytes(at).suffix(3)
    if ending.elementsEqual("ing".utf8) || ending.suffix(2).elementsEqual("ed".utf8) { return true }
    // "Being a nurse keeps me …": a verb.
    return ending.last == UInt8(ascii: "s") && at + 1 < limit
      && !text.tokens[at + 1].traits.isDisjoint(with: [.firstPerson, .determiner, .thirdPerson])
  }

  func phrase(at: Int, holding accepts: (Token) -> Bool) -> Range<Int>? {
    guard let range = nounPhrase(at: at), text.tokens[range].contains(where: accepts) else { return nil }
    return range
  }

  /// A noun phrase whose head is an occupation: nurse, director of marketing, but no model train collector.
  func job(at: Int) -> Range<Int>? {
    guard let range = phrase(at: at, headed: .occupation), !isGerund(range.lowerBound) else { return nil }
    let isOf = range.upperBound < limit && text.tokens[range.upperBound].word == Vocabulary.shared.of
    return isOf ? nounPhrase(at: at) : range
  }

  /// A noun phrase with a make or a kind of vehicle in it, up to the last part of its name.
  func vehicle(at: Int) -> Range<Int>? {
    guard let range = phrase(at: at, holding: { $0.traits.contains(.vehicle) }) else { return nil }
    let end = range.last { at in
      let token = text.tokens[at]
      return token.traits.contains(.vehicle) || !token.shape.isDisjoint(with: [.capitalized, .digits])
    }
    guard let end else { return nil }
    // "My old car" tells nothing that would replace what is known.
    let name = range.lowerBound..<end + 1
    let isNamed = text.tokens[name].contains { token in
      token.shape.contains(.capitalized) || (token.traits.contains(.vehicle) && !token.traits.contains(.vehicleNoun))
    }
    return isNamed ? name : nil
  }

  func allergen(at: Int) -> (values: [Range<Int>], end: Int)? {
    guard let range = nounPhrase(at: at) else { return nil }
    guard let end = range.first(where: { Vocabulary.shared.allergies.contains(text.tokens[$0].word) }),
      end > range.lowerBound
    else { return nil }
    return ([range.lowerBound..<end], end)
  }

  func children(at: Int) -> Range<Int>? {
    guard let range = nounPhrase(at: at) else { return nil }
    let head = range.first { Vocabulary.shared.children.contains(text.tokens[$0].word) }
    return head.map { range.lowerBound..<$0 + 1 }
  }

  /// What one will do: a clause that does not begin with talk ("I want to say", "I would like to know").
  func action(at: Int) -> Range<Int>? {
    guard let range = clause(at: at), range.count > 1, text.tokens[range].contains(where: saysSomething) else {
      return nil
    }
    let first = text.tokens[range.lowerBound]
    let isVerbLike = first.traits.isDisjoint(with: [.chat, .interjection, .thirdPerson, .firstPerson, .secondPerson])
    return isVerbLike || first.traits.contains(.pastime) ? range : nil
  }

  func newName(at: Int) -> Range<Int>? {
    guard text.tokens[at].word == 0, !text.isLowercase else { return nil }
    return properName(at: at, maxWords: 3)
  }

  func activity(at: Int) -> Range<Int>? {
    guard let range = nounPhrase(at: at) else { return nil }
    let excluded: WordTraits = [.function, .chat, .thirdPerson, .number]
    return text.tokens[range.lowerBound].traits.isDisjoint(with: excluded)
      || text.tokens[range.lowerBound].traits.contains(.pastime) ? range : nil
  }

  // MARK: Lists and clauses

  func list(at: Int, of trait: WordTraits? = nil) -> (values: [Range<Int>], end: Int)? {
    var values: [Range<Int>] = []
    var next = at
    var end = at
    while values.count < Self.maxListItems {
      let item = trait.map { single(at: next, $0) } ?? nounPhrase(at: next)
      guard let item, !startsClause(next, item), trait != nil || text.tokens[item].contains(where: saysSomething) else {
        break
      }
      values.append(item)
      end = item.upperBound
      next = end
      while next < limit, next - end < 2, text.tokens[next].is(",") || isListWord(next) { next += 1 }
      if next == end { break }
    }
    return values.isEmpty ? nil : (values, end)
  }

  func saysSomething(_ token: Token) -> Bool {
    token.isContent || !token.traits.isDisjoint(with: [.pastime, .animal, .sport])
  }

  func isListWord(_ at: Int) -> Bool {
    let word = text.tokens[at].word
    return word == Vocabulary.shared.and || word == Vocabulary.shared.or
  }

  /// Whether a would-be list item is rather the next clause: "…, my dog barked", "and went home".
  func startsClause(_ at: Int, _ item: Range<Int>) -> Bool {
    if text.tokens[item.lowerBound].traits.contains(.pastVerb) { return true }
    guard item.upperBound < limit else { return false }
    let next = text.tokens[item.upperBound]
    return !next.traits.isDisjoint(with: [.auxiliary, .unreal, .future])
  }

  /// Everything up to the end of the clause, without the dates at its end.
  func clause(at: Int, needsNoun: Bool = true) -> Range<Int>? {
    var end = at
    while end < limit, end - at < Self.maxClauseWords, !endsClause(end) { end += 1 }
    while end > at, isDate(end - 1) || !text.tokens[end - 1].isWord { end -= 1 }
    guard end > at, !needsNoun || text.tokens[at..<end].contains(where: isNounLike) else { return nil }
    return at..<end
  }

  func endsClause(_ at: Int) -> Bool {
    let token = text.tokens[at]
    if token.shape.contains(.symbol) { return true }
    if token.mark != 0 { return !"'-&/\"".utf8.contains(token.mark) }
    guard token.traits.contains(.conjunction) else { return false }
    let vocabulary = Vocabulary.shared
    if vocabulary.clauseEnds.contains(token.word) { return true }
    guard token.word == vocabulary.and, at + 1 < limit else { return false }
    return text.tokens[at + 1].traits.contains(.firstPerson) || text.tokens[at + 1].traits.contains(.thirdPerson)
  }
}

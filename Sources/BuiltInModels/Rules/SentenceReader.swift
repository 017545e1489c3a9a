/// What a sentence does.
enum SentenceKind: Sendable {
  /// It says something about someone.
  case statement
  /// It has one telling word: it says something beside another sentence, or as an answer.
  case fragment
  /// It asks, but lets something be known on the way.
  case question
  /// It tells the assistant what to do, but lets something be known on the way.
  case request
  /// It tells the assistant what to do: at most how to behave from now on.
  case command
  /// It says nothing that lasts.
  case empty
}

/// Tells statements from questions, requests and small talk.
struct SentenceReader: Sendable {
  /// A question or request with so many telling words lets the speaker's own affairs be known.
  static let minTellingWords = 6

  let text: TokenizedText
  /// Whether several people with names talk, rather than a user with an assistant.
  let isConversation: Bool

  /// The sentence without greetings, thanks and exclamations at its start.
  func core(of sentence: Range<Int>) -> Range<Int> {
    var start = sentence.lowerBound
    var at = start
    while at < sentence.upperBound {
      let token = text.tokens[at]
      if !token.isWord {
        // "Thanks, Anna! …", "Hey - …"
        at += 1
        if !token.is("\""), !token.is("("), !token.is("[") { start = at } else { break }
      } else if token.traits.contains(.interjection), !startsPhrase(at, sentence) {
        at += 1
        start = at
      } else if at > sentence.lowerBound, isVocative(at, sentence) {
        at += 1
        start = at
      } else {
        break
      }
    }
    start = afterLeadIn(start..<sentence.upperBound)
    return start..<withoutQuestion(start..<sentence.upperBound)
  }

  /// "Please remember that I …", "Note: my …", "As you know, we …": where the statement begins.
  private func afterLeadIn(_ range: Range<Int>) -> Int {
    let vocabulary = Vocabulary.shared
    var at = range.lowerBound
    var hasLeadIn = false
    while at < range.upperBound, at - range.lowerBound < 6 {
      let token = text.tokens[at]
      if hasLeadIn, vocabulary.declarativeStarts.contains(token.word) { return at }
      if vocabulary.leadIns.contains(token.word) { hasLeadIn = true }
      guard
        vocabulary.leadIns.contains(token.word) || vocabulary.leadInParts.contains(token.word)
          || token.is(",") || token.is(":")
      else { break }
      at += 1
    }
    return range.lowerBound
  }

  /// Where the sentence ends without the question that it runs into: "I like tea, what about you?".
  private func withoutQuestion(_ range: Range<Int>) -> Int {
    guard range.suffix(4).contains(where: { text.tokens[$0].is("?") }) else { return range.upperBound }
    let asking: WordTraits = [.questionWord, .auxiliary, .unreal]
    guard let first = range.first(where: { text.tokens[$0].isWord }),
      text.tokens[first].traits.isDisjoint(with: asking)
    else { return range.upperBound }
    guard var at = range.dropFirst(2).first(where: { asks(at: $0, range) }) else { return range.upperBound }
    while at > range.lowerBound, !text.tokens[at - 1].isWord || text.tokens[at - 1].word == Vocabulary.shared.and {
      at -= 1
    }
    return at > range.lowerBound ? at : range.upperBound
  }

  /// "What is …", "what about you", "do you …", "and you?".
  private func asks(at: Int, _ range: Range<Int>) -> Bool {
    guard at + 1 < range.upperBound else { return false }
    let (token, next) = (text.tokens[at], text.tokens[at + 1])
    if token.traits.contains(.questionWord) {
      return next.traits.contains(.auxiliary) || next.word == Vocabulary.shared.possessive
        || next.word == Vocabulary.shared.about
    }
    if token.word == Vocabulary.shared.and || token.is(",") {
      return next.traits.contains(.secondPerson) && at + 2 < range.upperBound && text.tokens[at + 2].is("?")
    }
    return !token.traits.isDisjoint(with: [.auxiliary, .unreal]) && next.traits.contains(.secondPerson)
  }

  /// "Please answer …", "Well done": words that belong to what follows.
  private func startsPhrase(_ at: Int, _ sentence: Range<Int>) -> Bool {
    guard at + 1 < sentence.upperBound else { return false }
    let next = text.tokens[at + 1]
    if next.mark != 0 || isVocative(at + 1, sentence) { return false }
    return text.tokens[at].traits.contains(.chat) && !next.traits.contains(.interjection)
      && !next.traits.contains(.firstPerson) && text.tokens[at].traits.isDisjoint(with: .label)
  }

  /// A name after a greeting, before a mark: "Hey Mel!".
  private func isVocative(_ at: Int, _ sentence: Range<Int>) -> Bool {
    let token = text.tokens[at]
    guard token.word == 0, token.shape.contains(.capitalized), text.tokens[at - 1].isWord || text.tokens[at - 1].is(",")
    else { return false }
    return at + 1 == sentence.upperBound || text.tokens[at + 1].mark != 0
  }

  // MARK: Kind

  /// What the sentence does. `core` is the sentence without its greeting.
  func kind(of core: Range<Int>) -> SentenceKind {
    guard let first = core.first(where: { text.tokens[$0].isWord }) else { return .empty }
    if text.tokens[core.lowerBound].is("[") { return .statement }
    if isQuestion(core, first) { return .question }
    if isCommand(first, core) { return informs(core) ? .request : .command }
    return weight(of: afterOpinion(core, first))
  }

  private func isQuestion(_ core: Range<Int>, _ first: Int) -> Bool {
    let endsAsking = core.suffix(4).contains { text.tokens[$0].is("?") }
    let token = text.tokens[first]
    if endsAsking { return !isDeclarative(first) }
    guard first + 1 < core.upperBound else { return token.traits.contains(.questionWord) }
    let next = text.tokens[first + 1]
    if token.traits.contains(.questionWord) {
      return next.traits.contains(.auxiliary) || next.word == Vocabulary.shared.possessive
    }
    let asks = token.traits.contains(.auxiliary) || token.traits.contains(.unreal)
    return asks && next.traits.contains(.secondPerson)
  }

  /// "I moved to Porto, remember?": it begins like a statement of the speaker's.
  private func isDeclarative(_ first: Int) -> Bool {
    let tokens = text.tokens
    guard Vocabulary.shared.declarativeStarts.contains(tokens[first].word) else { return false }
    guard first + 1 < tokens.count else { return false }
    // "I wonder", "I guess" ask.
    return tokens[first + 1].traits.isDisjoint(with: .chat)
  }

  private func isCommand(_ first: Int, _ core: Range<Int>) -> Bool {
    let token = text.tokens[first]
    if token.word == Vocabulary.shared.lets { return !isConversation }
    guard token.traits.contains(.command), !token.shape.contains(.digits) else { return false }
    guard first + 1 < core.upperBound else { return true }
    let next = text.tokens[first + 1]
    if next.is(":") { return false }
    // "Book club was fun", "Plans changed": a noun, with a verb after it.
    return !next.traits.contains(.auxiliary) && !next.traits.contains(.pastVerb) && !isConversation
  }

  /// Whether a question or a request speaks of the speaker's own affairs: "…, given that I moved to Porto".
  func informs(_ core: Range<Int>) -> Bool {
    var own = 0
    var content = 0
    for at in core {
      let token = text.tokens[at]
      if token.traits.contains(.firstPerson) { own += 1 }
      if token.isContent { content += 1 }
    }
    return own > 0 && content >= Self.minTellingWords
  }

  /// What remains after "I think", "I'm sure": the sentence is about that, not about the speaker.
  private func afterOpinion(_ core: Range<Int>, _ first: Int) -> Range<Int> {
    guard text.tokens[first].word == Vocabulary.shared.i else { return core }
    var at = first + 1
    while at < core.upperBound, !text.tokens[at].traits.isDisjoint(with: [.adverb, .auxiliary, .unreal]) { at += 1 }
    guard at < core.upperBound, Vocabulary.shared.opinions.contains(text.tokens[at].word) else { return core }
    return at + 1..<core.upperBound
  }

  /// How much a statement says that lasts.
  private func weight(of core: Range<Int>) -> SentenceKind {
    var own = false
    var other = false
    var content = 0
    var marked = false
    for at in core {
      let token = text.tokens[at]
      guard token.isWord else { continue }
      if token.traits.contains(.firstPerson) { own = true }
      if token.traits.contains(.secondPerson) { other = true }
      guard token.isContent else { continue }
      content += 1
      let isName = token.shape.contains(.capitalized) && at > core.lowerBound
      if isName || token.shape.contains(.digits) || token.shape.contains(.foreign) { marked = true }
    }
    if content == 0 { return .empty }
    if own { return !other || content >= 2 || marked ? .statement : .empty }
    if other { return isConversation && content >= 2 ? .statement : .empty }
    return marked || isConversation || content >= 2 ? .statement : .fragment
  }
}

/// The words of the grammar of questions about time, and how a question is cut into words.
extension TimeQuestion {
  private static let connectives = """
    before prior to after since until till by between from and or through of in the a an one will shall gonna \
    on at over during upcoming planning going early mid late beginning start end middle half first second third fourth last week quarter
    """

  /// Words that are not in the rules of dates.
  static let words =
    (connectives + " " + pronouns + " " + presents + " " + lookAfter + " " + idioms + " " + asking)
    .split(separator: " ").map(String.init)

  private static func id(_ word: String) -> TimeLexicon.WordID { DateRules.lexicon.id(of: word) }
  private static func ids(_ words: String) -> Set<TimeLexicon.WordID> {
    Set(words.split(separator: " ").map { id(String($0)) })
  }

  static let before = id("before")
  static let prior = id("prior")
  static let to = id("to")
  static let after = id("after")
  static let since = id("since")
  static let between = id("between")
  static let from = id("from")
  static let going = id("going")
  static let untils = ids("until till by")
  static let articles = ids("the a an")
  static let future = ids("will shall gonna upcoming planning")
  static let betweenLinks = ids("and to")
  static let fromLinks = ids("to until till through")
  static let of = id("of")
  static let the = id("the")
  static let leads = ids("in on at over during")
  static let joinLinks = ids("and or to through")
  static let linksOfParts = ids("of in")
  static let dash = UInt8(ascii: "-")
  static let comma = UInt8(ascii: ",")

  // MARK: Events

  private static let pronouns = "i we you he she they it my our your his her their its the a an this that"
  private static let presents = """
    am is are 'm 're 've have has can do does will would need want like love hate prefer don
    """
  private static let lookAfter = """
    look looks looked looking named called take takes took taking ask asks asked asking go goes went going run runs \
    ran come comes
    """
  private static let idioms = "all long hours that which then"
  private static let asking = "what where who whom whose which when why how did does do was were is are can could"

  static let subjects = ids(pronouns)
  static let presentVerbs = ids(presents)
  static let verbsWithAfter = ids(lookAfter)
  static let idiomEnds = ids(idioms)
  static let questionWords = ids(asking)

  /// Words of an event, at most.
  static let maxEventWordCount = 24

  /// The first event before or after which the question asks.
  func event() -> Found? {
    for at in text.words.indices {
      let start = word(at) == Self.prior && word(at + 1) == Self.to ? at + 2 : at + 1
      let side: QueryTime.Side
      switch word(at) {
      case 0: continue
      case Self.before: side = .before
      case Self.prior where start == at + 2: side = .before
      case Self.after: side = .after
      // "since" gives reasons as well, and those are told in the present.
      case Self.since where !Self.presentVerbs.contains(word(start + 1)): side = .after
      case let word where Self.untils.contains(word) && word != Self.by: side = .before
      default: continue
      }
      let end = clauseEnd(start, isFirst: at == 0)
      guard startsClause(start, after: at), start < end, end - start > 1 || isGerund(start) else { continue }
      return Found(meaning: .relative(to: text(of: start..<end), side), words: at..<end)
    }
    return nil
  }

  private static let by = id("by")

  /// Where the clause that begins at `start` ends. A question that begins with one goes on with a question word.
  func clauseEnd(_ start: Int, isFirst: Bool) -> Int {
    var end = start
    while end < text.words.count, end - start < Self.maxEventWordCount {
      let word = text.words[end]
      // A dash joins words where it stands between them without a space.
      let isJoint = word.mark == Self.dash && end > start && text.words[end - 1].end == word.start
      if word.mark != 0, word.mark != UInt8(ascii: "'"), !isJoint { break }
      if isFirst, end > start, Self.questionWords.contains(word.word) { break }
      end += 1
    }
    return end
  }

  /// Whether what begins at `start`, behind "before" or "after" at `at`, tells of an event.
  func startsClause(_ start: Int, after at: Int) -> Bool {
    guard start < text.words.count, text.words[start].mark == 0 else { return false }
    if at > 0, Self.verbsWithAfter.contains(word(at - 1)) { return false }
    if Self.idiomEnds.contains(word(start)) { return false }
    return Self.subjects.contains(word(start)) || isGerund(start) || text.words[start].isCapitalized(text)
  }

  private func isGerund(_ at: Int) -> Bool {
    let word = text.words[at]
    return word.end - word.start > 4 && text.bytes[word.start..<word.end].suffix(3).elementsEqual("ing".utf8)
  }
}

/// A part of the days that are named behind it.
enum TimeCut: Equatable {
  /// The part from the first to the second share of the days.
  case share(Double, Double)
  /// That week of a month, from 0; −1 for the last one.
  case week(Int)

  /// Words that cut by themselves.
  private static let shares: [TimeLexicon.WordID: TimeCut] = [
    id("early"): .share(0, 1 / 3), id("beginning"): .share(0, 1 / 3), id("start"): .share(0, 1 / 3),
    id("mid"): .share(1 / 3, 2 / 3), id("middle"): .share(1 / 3, 2 / 3), id("late"): .share(2 / 3, 1),
    id("end"): .share(2 / 3, 1),
  ]
  private static let ordinals = ["first", "second", "third", "fourth", "last"].map(id)
  private static let (the, of, inWord) = (id("the"), id("of"), id("in"))
  private static let (half, quarter, week) = (id("half"), id("quarter"), id("week"))

  private static func id(_ word: String) -> TimeLexicon.WordID { DateRules.lexicon.id(of: word) }

  /// The cut at word `at`, with the words before the date that only lead to it; nil where there is none.
  static func read(_ question: TimeQuestion, _ at: Int) -> (TimeCut, end: Int)? {
    var at = at
    if question.word(at) == inWord { at += 1 }
    if question.word(at) == the { at += 1 }
    let word = question.word(at)
    guard word != 0 else { return nil }
    var (found, end) = (shares[word], at + 1)
    if found == nil, let position = ordinals.firstIndex(of: word), question.word(at + 2) == of {
      found = part(number: position, question.word(at + 1))
      end = at + 2
    }
    guard let found else { return nil }
    if end < question.text.words.count, question.text.words[end].mark == TimeQuestion.dash { end += 1 }
    if question.word(end) == of || question.word(end) == inWord { end += 1 }
    return (found, end)
  }

  /// Half, quarter or week number `number`, from 0; 4 is the last one.
  private static func part(number: Int, _ unit: TimeLexicon.WordID) -> TimeCut? {
    if unit == half, number < 2 { return .share(Double(number) / 2, Double(number + 1) / 2) }
    if unit == quarter, number < 4 { return .share(Double(number) / 4, Double(number + 1) / 4) }
    return unit == week ? .week(number == 4 ? -1 : number) : nil
  }

  /// The part of `span`; nil where it is not to be cut so.
  func applied(to span: DateSpan) -> DateSpan? {
    var part = span
    switch self {
    case .share(let lower, let upper):
      guard span.grain > .weekend else { return nil }
      let count = Double(span.last.number - span.first.number + 1)
      part.first = CivilDay(number: span.first.number + Int((count * lower).rounded()))
      part.last = CivilDay(number: span.first.number + Int((count * upper).rounded()) - 1)
    case .week(let number):
      guard span.grain == .month else { return nil }
      let start = number < 0 ? span.last.number - 6 : span.first.number + 7 * number
      part.first = CivilDay(number: start)
      part.last = CivilDay(number: start + 6)
    }
    return part
  }
}

extension TimeWord {
  /// Whether it begins with a capital letter.
  func isCapitalized(_ text: TimeText) -> Bool { (0x41...0x5A).contains(text.bytes[start]) }
}

extension TimeText {
  /// The words and marks of a question. Every name of a month counts as one, however it is written: the rules expect
  /// other words of time around it.
  init(question: String) {
    var cutter = QuestionCutter(Array(question.utf8.prefix(QueryTime.maxByteCount)))
    self.init(bytes: cutter.bytes, words: cutter.words())
  }
}

/// Cuts a question into words and marks.
private struct QuestionCutter {
  let bytes: [UInt8]
  private var at = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  mutating func words() -> [TimeWord] {
    var words: [TimeWord] = []
    while at < bytes.count {
      let start = at
      if Self.isSpace(bytes[at]) {
        at += 1
        continue
      }
      let isNumeric = Self.isDigit(bytes[at])
      let isApostrophe = apostropheCount(at) > 0
      if isApostrophe { at += apostropheCount(at) }
      while at < bytes.count, belongs(bytes[at], isNumeric: isNumeric, isFirst: at == start) { at += 1 }
      if at == start || (isApostrophe && at == start + apostropheCount(start)) {
        at = max(at, start + markCount(start))
        let mark = markCount(start) > 1 ? dash(start) : bytes[start]
        words.append(TimeWord(start: start, end: at, word: 0, isName: false, isNumeric: false, mark: mark))
        continue
      }
      let ending = isApostrophe ? start + apostropheCount(start) : start
      let text = (isApostrophe ? "'" : "") + String(decoding: bytes[ending..<at], as: UTF8.self).lowercased()
      words.append(
        TimeWord(
          start: start, end: at, word: DateRules.lexicon.id(of: text), isName: true, isNumeric: isNumeric, mark: 0))
    }
    return words
  }

  /// Whether `byte`, at `at`, goes on with the word. Digits are joined by what stands between the parts of a date.
  private func belongs(_ byte: UInt8, isNumeric: Bool, isFirst: Bool) -> Bool {
    if Self.isDigit(byte) || Self.isLetter(byte) { return true }
    if byte >= 0x80 { return markCount(at) == 0 }
    guard isNumeric, !isFirst, "-/.:,".utf8.contains(byte), at + 1 < bytes.count else { return false }
    return Self.isDigit(bytes[at + 1]) && Self.isDigit(bytes[at - 1])
  }

  /// Bytes of the mark at `at`; 0 where there is none.
  private func markCount(_ at: Int) -> Int {
    let byte = bytes[at]
    if byte < 0x80 { return Self.isLetter(byte) || Self.isDigit(byte) || Self.isSpace(byte) ? 0 : 1 }
    // General punctuation: quotation marks, dashes, the ellipsis.
    guard byte == 0xE2, at + 2 < bytes.count, bytes[at + 1] == 0x80 else { return 0 }
    return 3
  }

  /// What a mark of several bytes stands for: a dash, or anything that ends a clause.
  private func dash(_ at: Int) -> UInt8 {
    bytes[at + 2] == 0x93 || bytes[at + 2] == 0x94 ? TimeQuestion.dash : UInt8(ascii: ";")
  }

  private func apostropheCount(_ at: Int) -> Int {
    if bytes[at] == UInt8(ascii: "'") { return 1 }
    return at + 2 < bytes.count && bytes[at] == 0xE2 && bytes[at + 1] == 0x80 && bytes[at + 2] == 0x99 ? 3 : 0
  }

  private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
  private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
  private static func isLetter(_ byte: UInt8) -> Bool { (0x41...0x5A).contains(byte & 0xDF) }
}

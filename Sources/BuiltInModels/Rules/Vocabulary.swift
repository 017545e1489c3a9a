/// Single words and sets of words that the code of the rules asks for, beside the traits.
struct Vocabulary: Sendable {
  static let shared = Vocabulary(RuleSet.shared.lexicon)

  let i, we, my, our, he, she, his, her, that: WordID
  let and, or, of, to, about, forWord, ifWord, lets, since: WordID
  let used, longer, can, possessive: WordID

  /// Verbs of the perfect tense: "for three years" reaches up to now.
  let perfectVerbs: Set<WordID>
  /// Words that make a sentence speak of what is to come.
  let futureVerbs: Set<WordID>
  /// Verbs of the present, which speak of what is to come where they stand with a date.
  let presentVerbs: Set<WordID>
  let untilWords: Set<WordID>
  /// Words before which a clause ends, and after which another begins.
  let clauseEnds, clauseStarts: Set<WordID>
  /// Words with which a statement of the speaker's own begins.
  let declarativeStarts: Set<WordID>
  /// Subjects that stand for something said before.
  let pronounSubjects: Set<WordID>
  /// What may stand before a statement inside a question.
  let tellingWords: Set<WordID>
  /// Verbs after "I" that only introduce an opinion.
  let opinions: Set<WordID>
  /// Words that ask to listen, and words between them and the statement.
  let leadIns, leadInParts: Set<WordID>
  let beVerbs, children, replies, allergies: Set<WordID>

  private static let words = WordGroups()

  static func addWords(to lexicon: inout Lexicon) {
    for word in words.all { lexicon.add(word) }
  }

  private init(_ lexicon: Lexicon) {
    func id(_ word: String) -> WordID {
      let id = lexicon.id(of: word)
      precondition(id != 0, "the lexicon lacks \(word)")
      return id
    }
    func ids(_ words: [String]) -> Set<WordID> { Set(words.map(id)) }
    i = id("i")
    we = id("we")
    my = id("my")
    our = id("our")
    he = id("he")
    she = id("she")
    his = id("his")
    her = id("her")
    that = id("that")
    and = id("and")
    or = id("or")
    of = id("of")
    to = id("to")
    about = id("about")
    forWord = id("for")
    ifWord = id("if")
    lets = id("let")
    since = id("since")
    used = id("used")
    longer = id("longer")
    can = id("can")
    possessive = id("'s")
    perfectVerbs = ids(Self.words.perfect)
    futureVerbs = ids(Self.words.future)
    presentVerbs = ids(["am", "is", "are"])
    untilWords = ids(Self.words.until)
    clauseEnds = ids(Self.words.clauseEnds)
    clauseStarts = ids(Self.words.clauseStarts)
    declarativeStarts = ids(["i", "we", "my", "our"])
    pronounSubjects = ids(Self.words.pronouns)
    tellingWords = ids(Self.words.telling)
    opinions = ids(Self.words.opinions)
    leadIns = ids(Self.words.leadIns)
    leadInParts = ids(Self.words.leadInParts)
    beVerbs = ids(Self.words.be)
    children = ids(Self.words.children)
    replies = ids(Self.words.replies)
    allergies = ids(Self.words.allergies)
  }
}

/// The sets of `Vocabulary` as words.
private struct WordGroups: Sendable {
  let perfect = Self.list("have has been")
  let future = Self.list("plan plans planning upcoming next hope hoping scheduled due going")
  let until = Self.list("until till by")
  let clauseEnds = Self.list("but because so although though while since when if which who")
  let clauseStarts = Self.list("and but so because since that although though while when")
  let pronouns = Self.list("it that this they he she those these which its his her")
  let telling = Self.list("since because given considering but know now told")
  let opinions = Self.list(
    "bet guess hope think suppose sure believe imagine know agree wonder see understand mean heard glad sorry")
  let leadIns = Self.list("remember note fyi know mind remind memorize record")
  let leadInParts = Self.list("please that as you to in keep also always so just should must can could me for")
  let be = Self.list("am is are was were 's")
  let children = Self.list("kids children sons daughters boys girls twins")
  let replies = Self.list("answers replies responses explanations answer reply response")
  let allergies = Self.list("allergy allergies")
  let single = Self.list("longer used 's let us")

  var all: [String] {
    [
      perfect, future, until, clauseEnds, clauseStarts, pronouns, telling, opinions, be, children, replies, allergies,
      leadIns, leadInParts,
    ]
    .flatMap(\.self) + single
  }

  private static func list(_ words: String) -> [String] { words.split(separator: " ").map(String.init) }
}

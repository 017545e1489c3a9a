import FoundationEssentials
import GRDB
import MnemeCore
import Synchronization

/// Words that stand in most sentences of a language, whatever they are about.
struct StopWords: Sendable {
  /// By the numbers of the languages of Latin script. Each has those of the scripts that tell their language, too.
  private let keys: [Set<UInt32>]

  private static let made = Mutex<StopWords?>(nil)

  /// Those of this program, by way of any tokenizer.
  static func shared(_ tokenizer: WordTokenizer) throws -> StopWords {
    if let known = made.withLock({ $0 }) { return known }
    let stopWords = try StopWords(tokenizer)
    made.withLock { $0 = stopWords }
    return stopWords
  }

  private init(_ tokenizer: WordTokenizer) throws {
    func keys(_ words: String, in language: TextLanguage) throws -> Set<UInt32> {
      var keys: Set<UInt32> = []
      var words = words
      try words.withUTF8 { words in
        try unsafe tokenizer.forEachKey(of: UnsafeRawBufferPointer(words), in: language) { keys.insert($0) }
      }
      return keys
    }
    let scripted = try keys(TextLanguage.scripted.map(\.functionWords).joined(separator: " "), in: .english)
    var all = [Set<UInt32>](repeating: scripted, count: TextLanguage.allCases.count)
    for language in [.english] + TextLanguage.otherLatin {
      let words = language == .english ? Self.english : language.functionWords
      all[Int(language.rawValue)].formUnion(try keys(words, in: language))
    }
    self.keys = all
  }

  /// Keys of those of a text in `language`.
  func keys(of language: TextLanguage) -> Set<UInt32> { keys[Int(language.rawValue)] }

  /// Words that stand in most English sentences, whatever they are about; and what an apostrophe leaves of some.
  static let english = """
    a about after again all also am an and any are as at be because been before being between both but by can could did \
    do does doing down during each few for from further had has have having he her here hers him himself his how i if in \
    into is it its itself just let like me more most my myself no nor not now of off on once only or other our ours out over own \
    please same she should so some such tell than that the their theirs them then there these they this those through to too under \
    until up us very was we were what when where which while who whom why will with would you your yours \
    s t m re ve d ll don didn doesn isn wasn
    """
}

/// What a shard's words were made by: other rules for stems, other rules of SQLite for letters or other lists of words
/// make other keys, under which nobody would find them.
enum WordRules {
  private static let made = Mutex<String?>(nil)

  /// Digest of the keys of many words in all languages, by way of any database.
  static func digest(_ database: Database) throws -> String {
    if let known = made.withLock({ $0 }) { return known }
    let tokenizer = try WordTokenizer(database)
    var hash = FNV1a()
    let scripted = TextLanguage.scripted.map(\.functionWords).joined(separator: " ")
    for language in [.english] + TextLanguage.otherLatin {
      let others = language == .english ? [StopWords.english, scripted] : []
      for text in [language.functionWords, language.frequentWords, probe] + others {
        hash.add(UInt64(TextLanguage.detect(text).rawValue))
        var text = text
        try text.withUTF8 { text in
          try unsafe tokenizer.forEachKey(of: UnsafeRawBufferPointer(text), in: language) { hash.add(UInt64($0)) }
        }
      }
    }
    let digest = String(hash.value, radix: 16)
    made.withLock { $0 = digest }
    return digest
  }

  /// Words of all scripts, of which many have endings.
  private static let probe = """
    running naïve Café Straße Häuser niños conversaciones chevaux nationales cidadãos ragazze huizen flickorna kjærlighet \
    bøger taloissa házakban fetelor kitaplarımızdan col·legi ÎSTANBUL İzmir Łódź 3.5mm 2024 книгами читала города ЖИВЁТ \
    їжак βιβλία παίζουν Σίσυφος الكتب المدارس يلعبون كِتَاب किताबों लड़कियाँ हिन्दी புத்தகங்கள் பாடினார்கள் գրքերը սովորում שלום \
    東京都 私は 서울에 สวัสดี বাংলা თბილისი Ελλάδα e\u{301}te\u{301}
    """
}

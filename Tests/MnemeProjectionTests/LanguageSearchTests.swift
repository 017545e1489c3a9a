import EventLog
import Foundation
import GRDB
import MnemeCore
import Testing

@testable import MnemeProjection

/// Memories in other languages than English are found by other forms of their words.
@Suite struct LanguageSearchTests {
  let ann = user("ann")

  /// Readers by way of indexes in memory, and without them.
  private func readers(_ world: World) throws -> [ProjectionReader] {
    try [256 << 20, 1000].map { bytes in
      let configuration = ProjectionConfiguration(
        id: nil, generation: "g1", space: "test-8", dimension: World.dimension, partitionCount: 1,
        bounds: .init(maxIndexCacheByteCount: bytes, maxTenantIndexByteCount: bytes))
      return try ProjectionReader(directory: world.directory, configuration: configuration)
    }
  }

  private var queries: [MemoryQuery] {
    var asOf = all("acme", isUser("ann"))
    asOf.asOf = Timestamp(milliseconds: 5000)
    return [all("acme", isUser("ann")), all(), asOf]
  }

  /// A memory's text → questions that find it, in any language, with other forms of its words.
  static let found: [(String, [String])] = [
    ("Jugó un partido de fútbol con sus hermanas", ["partidos de fútbol", "jugar", "hermana", "futbol"]),
    ("Elle travaille dans les hôpitaux nationaux", ["qui a travaillé", "national", "hopital"]),
    ("Er wohnt mit seinen Brüdern in alten Häusern", ["Haus", "wer wohnte dort", "Bruder", "altes"]),
    ("Gosta das canções que os meninos cantavam", ["menino", "cantar"]),
    ("Le ragazze giocavano con i gattini in giardino", ["ragazza", "giocare", "gattino", "giardini"]),
    ("Hij heeft de oude huizen en boeken verkocht", ["boek", "oud", "huizen"]),
    ("Hon köpte blommorna till flickorna i Lund", ["blomma", "flicka", "köpt"]),
    ("Hun spiller noen ganger fotball med jentene nå", ["fotballer", "jente", "spille"]),
    ("Han har købt nogle bøger og blomsterne til pigerne", ["bøgerne", "blomster", "pige"]),
    ("Hän asuu taloissa ja lukee kirjoja lapsille", ["talossa", "kirja", "lapset"]),
    ("A gyerekek nagyon szeretik a könyveket és a kutyákat", ["könyv", "könyvek"]),
    ("Fetele au citit cărțile și locuiesc în case mari", ["casă", "mare", "locuiește", "citită"]),
    ("Çocuklar kitapları okuyor ve kediler çok seviyor", ["kitap", "çocuk", "kedi"]),
    ("Les nenes jugaven amb els gats dels veïns", ["nena", "jugar", "gat"]),
    ("Мария читала новые книги", ["книга", "читать", "новый", "книгами"]),
    ("Η Μαρία διαβάζει βιβλία", ["ΒΙΒΛΙΑ", "διαβάζουν"]),
    ("الأطفال يقرأون الكتب في المدرسة", ["مدرسة", "أطفال"]),
    ("लड़कियाँ किताबें पढ़ती थीं", ["किताब", "लड़की", "किताबों"]),
    ("அவள் புத்தகங்கள் படித்தாள்", ["புத்தகம்", "புத்தகங்கள்"]),
    ("Նա կարդում է գրքերը", ["կարդալ"]),
  ]

  @Test(arguments: found)
  func aMemoryIsFoundByOtherFormsOfItsWords(_ text: String, _ questions: [String]) async throws {
    var said = memory("m", text, ann)
    said.sources = [source("t", 0)]
    let world = try await World(partitionCount: 1)
    defer { world.remove() }
    try await world.resolve("t", ann, [.added(said)])
    try await world.resolve("u", ann, [.added(memory("n", "has the two green bicycles", ann))])
    try await world.projector().catchUp()
    for reader in try readers(world) {
      for query in queries {
        for question in questions {
          #expect(try await reader.hits(query, question) == [text], "\(question)")
        }
        #expect(try await reader.hits(query, "bicycle").count == 1)
      }
    }
  }

  @Test func oneOwnerHasMemoriesOfSeveralLanguages() async throws {
    let texts = [
      "Le gusta jugar al ajedrez con Maria", "Maria spielt gern Schach mit ihm", "Plays chess with Maria and wins",
      "Мария играет в шахматы", "Maria aime les échecs et les chats",
    ]
    let world = try await World.holding(texts.enumerated().map { (memory("m\($0)", $1, ann), nil) })
    defer { world.remove() }
    for reader in try readers(world) {
      for query in queries {
        // A name is the same word in each of them.
        #expect(Set(try await reader.hits(query, "Maria")) == Set(texts).subtracting([texts[3]]))
        #expect(Set(try await reader.hits(query, "¿Quién es Maria?")) == Set(texts).subtracting([texts[3]]))
        for (word, place) in [("Schach", 1), ("ajedrez", 0), ("playing", 2), ("шахматах", 3), ("chat", 4)] {
          #expect(try await reader.hits(query, word) == [texts[place]])
        }
      }
    }
  }

  /// A word counts once, whatever it is found by: by its name, and among what a text comes from by another one.
  @Test func aWordOfATextIsNotLostInAnotherLanguage() async throws {
    let world = try await World(partitionCount: 1)
    defer { world.remove() }
    func said(_ name: String, _ text: String, _ index: Int) -> Memory {
      var memory = memory(name, text, ann)
      memory.sources = [source("t", index)]
      return memory
    }
    let (spanish, english) = (said("a", "Maria vive en Lisboa con su hija", 0), said("b", "has cats", 9))
    try await world.resolve(
      "t", ann, [.added(spanish), .added(english)],
      messages: [
        SpokenMessage(index: 0, text: "Maria lives in Lisbon with the zanzibar people"),
        SpokenMessage(index: 1, text: "Maria vive en la casa de los zanzibar"), SpokenMessage(index: 9, text: "hello"),
      ])
    for memory in [spanish, english] { try await world.embed(ann, [(memory.id, memory.text, axis(0))]) }
    try await world.projector().catchUp()
    for reader in try readers(world) {
      for query in queries {
        func explained(_ text: String) async throws -> [Double] {
          try await reader.search(
            SearchRequest(query: query, text: text, vector: axis(0), limit: 9, minimumScore: 0)
          ).filter { $0.view.memory.id == spanish.id }.map { ($0.signals.keywords * 1000).rounded() / 1000 }
        }
        // Its own word, by its share in a text that is longer than most.
        #expect(try await explained("Maria") == (try await explained("Lisboa")))
        #expect(try await explained("Maria") != [1])
        // What both messages have, it has lost once.
        #expect(try await explained("zanzibar") == [1])
        #expect(try await explained("Lisbon") == [1])
        #expect(try await explained("kettle") == [0])
      }
    }
  }

  /// Memories of several languages have the word under several keys, in no common order of places.
  @Test func theDayOfAMemoryIsLookedAtOnceInEachLanguage() async throws {
    let texts = ["March in Lund", "Bor i Lund och gillar inte march", "has cats", "Wohnt in March und mag Tee"]
    let march = Timestamp(milliseconds: 1_678_000_000_000)
    let world = try await World.holding(
      (0..<40).map { number in
        var memory = memory("m\(number)", "\(texts[number % 4]) \(number)", ann)
        memory.sources[0].time = Moment(march, .stated)
        return (memory, nil)
      })
    defer { world.remove() }
    let reader = try world.reader()
    let found = try await reader.read(reader.shards[0]) { database, _ in
      let share = try #require(try TenantShare.fetch(database, "acme"))
      let index = try TenantIndex(database, share, dimension: World.dimension)
      let query = try KeywordQuery(
        SearchRequest(query: all(), text: "march", vector: nil, limit: 1, minimumScore: 0), database)
      var found: [[Int]] = []
      let date = try #require(query.dates[0])
      index.places(of: query.keys)[0].forEachSaid(on: date, index.days) { found.append([$0, Int($1)]) }
      return found
    }
    #expect(found == (0..<40).map { [$0, $0 % 4 == 2 ? 0 : 1] })
  }

  @Test func stopWordsOfTheLanguageOfAQuestionSayNothing() async throws {
    let world = try await World.holding([
      (memory("a", "La casa de la que él habla está en el pueblo", ann), nil),
      (memory("b", "Compró una bicicleta para su hijo", ann), nil),
    ])
    defer { world.remove() }
    for reader in try readers(world) {
      for query in queries {
        let hits = try await reader.hits(query, "¿dónde está la bicicleta que compró?")
        #expect(hits == ["Compró una bicicleta para su hijo"])
        #expect(try await reader.hits(query, "la que está en el").count == 1)
      }
    }
  }

  @Test(
    arguments: [
      ("running cats", "running cats"), ("Café ZÜRICH naïve", "cafe zurich naive"), ("tea 2024 5mm", "tea 2024 5mm"),
    ])
  func keysOfEnglishTextsAreThoseThatTheyAlwaysHad(_ text: String, _ bare: String) async throws {
    try await DatabaseQueue().read { database in
      var expected: [UInt32] = []
      let porter = try WordSplitter(database, .english)
      for text in [text, bare] {
        expected = []
        try Array(text.utf8).withUnsafeBytes { bytes in
          try porter.forEachWord(of: bytes) { expected.append(WordKeys.key(of: $0)) }
        }
        #expect(try WordTokenizer(database).keys(of: text).bytes == WordKeys(expected).bytes)
      }
    }
  }

  /// Stems of two languages never share a key; numbers and words of other scripts are the same in all.
  @Test func aKeyTellsTheLanguageOfItsStem() async throws {
    try await DatabaseQueue().read { database in
      let tokenizer = try WordTokenizer(database)
      for (text, count) in [("son", 15), ("2024", 1), ("книга", 1), ("東京", 1), ("שלום", 1), ("5mm", 15), ("é", 15)] {
        let word = try #require(try tokenizer.askedWords(of: text).first)
        let keys = try tokenizer.keys(of: word)
        #expect(keys.count == count && Set(keys).count == count && keys[0] == word.englishKey, "\(text)")
        for (language, key) in zip([.english] + TextLanguage.otherLatin, keys) {
          #expect(try tokenizer.key(of: word, in: language) == key)
        }
      }
      // As one letter and as a letter with a mark behind it; as people write it who have no marks.
      let forms = ["canción", "cancio\u{301}n", "CANCIÓN", "cancion"]
      let keys = try forms.map { form in
        try tokenizer.key(of: try #require(try tokenizer.askedWords(of: form).first), in: .spanish)
      }
      #expect(Set(keys).count == 1)
    }
  }

  /// A shard whose words other rules made, as those of another stemmer, is folded again.
  @Test func aShardOfOtherWordRulesIsFoldedAgain() async throws {
    let text = "Jugó un partido de fútbol con sus hermanas"
    let world = try await World.holding([(memory("m", text, ann), nil)])
    defer { world.remove() }
    try await DatabaseQueue(path: world.files(0).linkPath).write {
      try $0.execute(sql: "UPDATE meta SET value = 'other' WHERE name = 'word rules'; UPDATE memories SET words = x''")
    }
    let error = await #expect(throws: ProjectionError.self) { _ = try await world.reader().summary() }
    #expect(error?.code == .mismatch)
    try await world.projector().catchUp()
    #expect(try await world.reader().hits(all("acme", isUser("ann")), "partidos") == [text])
  }
}

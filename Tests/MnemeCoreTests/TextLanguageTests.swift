import MnemeCore
import Testing

@Suite struct TextLanguageTests {
  /// Facts as memories put them.
  @Test(
    arguments: [
      (
        .spanish,
        [
          "Le gusta jugar al fútbol los domingos", "Vive en Madrid con su hermana", "Trabaja como enfermera",
          "Prefiere el té al café", "No come carne desde 2019", "Mi hija nació en mayo", "¿Dónde vive Ana?",
          "partidos de fútbol en los que juega", "Me encanta el helado de fresa",
        ]
      ),
      (
        .french,
        [
          "Il habite à Lyon avec sa femme", "Aime jouer du piano le soir", "N'aime pas le fromage",
          "Elle travaille comme infirmière", "J'ai deux chats", "Où habite Marie ?", "Est allergique aux noix",
          "L'anniversaire de sa mère est en juin",
        ]
      ),
      (
        .german,
        [
          "Wohnt in Zürich mit ihrer Schwester", "Trinkt gern Kaffee am Morgen", "Arbeitet als Ärztin in Berlin",
          "Ich habe zwei Katzen und einen Hund", "Mag keine Pilze", "Wo wohnt Anna?", "Spielt jeden Sonntag Fußball",
        ]
      ),
      (
        .portuguese,
        [
          "Gosta de jogar futebol aos domingos", "Mora em Lisboa com a irmã", "Trabalha como enfermeira no hospital",
          "Não come carne", "Ele tem dois filhos", "Onde mora a Ana?",
        ]
      ),
      (
        .italian,
        [
          "Gli piace giocare a calcio la domenica", "Vive a Roma con sua sorella", "Lavora come infermiera in ospedale",
          "Non mangia carne", "Ha due gatti e un cane", "Dove abita Anna?", "Preferisce il tè al caffè",
        ]
      ),
      (
        .dutch,
        [
          "Woont in Utrecht met haar zus", "Houdt van koken en lezen", "Werkt als verpleegkundige in het ziekenhuis",
          "Heeft twee katten", "Hij speelt elke zondag voetbal", "Waar woont Anna?",
        ]
      ),
      (
        .swedish,
        [
          "Bor i Göteborg med sin syster", "Gillar att spela fotboll på söndagar", "Jobbar som sjuksköterska",
          "Jag har två katter och en hund", "Dricker inte kaffe",
        ]
      ),
      (
        .norwegian,
        [
          "Bor i Oslo sammen med søsteren sin og liker det ikke", "Jeg jobber som sykepleier nå",
          "Hva heter datteren hennes?",
          "Hun spiller noen ganger fotball", "Drikker ikke kaffe etter klokka to",
        ]
      ),
      (
        .danish,
        [
          "Bor i Aarhus med sin søster og kan lide det", "Hvad hedder hendes datter?",
          "Jeg arbejder som sygeplejerske nu",
          "Hun har købt noget af mig", "Drikker kun kaffe efter frokost",
        ]
      ),
      (
        .finnish,
        [
          "Asuu Helsingissä siskonsa kanssa", "Pitää kahvista ja teestä", "Hän on töissä sairaalassa",
          "Ei syö lihaa", "Missä Anna asuu?",
        ]
      ),
      (
        .hungarian,
        [
          "Budapesten lakik a testvérével", "Nem szereti a kávét", "Két macskája van és egy kutyája",
          "Szeret focizni vasárnaponként", "Hol lakik Anna?",
        ]
      ),
      (
        .romanian,
        [
          "Locuiește în București cu sora lui", "Îi place să joace fotbal duminica", "Nu mănâncă carne",
          "Are două pisici și un câine", "Unde locuiește Ana?",
        ]
      ),
      (
        .turkish,
        [
          "İstanbul'da kız kardeşiyle yaşıyor", "Futbol oynamayı çok seviyor", "Et yemiyor ve kahve içiyor",
          "İki kedisi ve bir köpeği var", "Anna nerede oturuyor?",
        ]
      ),
      (
        .catalan,
        [
          "Viu a Barcelona amb la seva germana", "Li agrada jugar a futbol els diumenges",
          "No menja carn des de fa anys",
          "Té dos gats i un gos", "On viu l'Anna?",
        ]
      ),
    ] as [(TextLanguage, [String])])
  func aTextTellsItsLanguage(_ language: TextLanguage, _ texts: [String]) {
    for text in texts { #expect(TextLanguage.detect(text) == language, "\(text)") }
    // Ten of them are in it as well, whichever of two neighbours each of them may be.
    #expect(TextLanguage.detect(texts.joined(separator: ". ")) == language)
  }

  @Test(arguments: [
    "Maria moved to Den Haag", "likes de Beauvoir", "moved to Los Angeles in May", "Visited La Paz and El Paso",
    "Works at Casa de la Luna", "Has a friend in São Paulo", "loves crème brûlée", "Watched La casa de papel twice",
    "reads Die Zeit and Le Monde", "Her husband is called Juan de la Cruz", "prefers café au lait",
    "Her favorite film is La vita è bella", "Sings \"Je ne regrette rien\" in the shower", "El Niño year",
    "Said hasta la vista to his boss", "De Niro is her favorite actor", "Van Gogh", "Los Angeles", "Las Vegas trip",
    "Said \"Me gusta\" to Ana when they met", "La La Land", "vegan", "green tea", "Anna", "allergic to nuts",
    "Plays the cello in Göteborg", "Name: Jean-Luc", "son of Ann", "men and women", "bar in Den Haag",
    "got a man bun and a hat", "she made a pan of rice", "https://www.example.com/de/la/casa?en=el&los=2",
    "for (let i = 0; i < n; i++) { del(a.b.c); }", "git push -u origin main", "SELECT id FROM t WHERE de = 'la'",
    "user@mail.de", "/usr/lib/la/de/el/que", "{\"de\": 1, \"text\": [3]}", "DE LA SOUL", "ES, DE, FR, IT",
    "Jo", "Non", "Ed Sheeran", "car mods", "classic muscle car", "", " ", "?!", "12.5 2024-05-07", "Москва", "東京に住んでいる",
    "\u{e9}", "l'", "d'", "'", "que",
  ])
  func whatIsNotClearlyAnotherLanguageIsEnglish(_ text: String) {
    #expect(TextLanguage.detect(text) == .english)
  }

  /// Bytes that are no text, and ends in the middle of a character, are read no further than they go.
  @Test func anyBytesAreRead() {
    var state: UInt64 = 7
    for length in 0..<600 {
      let bytes = (0..<length).map { _ in
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return UInt8(truncatingIfNeeded: state >> 33) | (length % 2 == 0 ? 0xC0 : 0)
      }
      bytes.withUnsafeBytes { _ = (TextLanguage.detect($0), TextLanguage.script($0)) }
    }
    #expect(TextLanguage.detect(String(repeating: "Vive en la casa de su hermana. ", count: 10_000)) == .spanish)
  }

  @Test(
    arguments: [
      ("книга", .russian), ("живёт", .russian), ("їжак", nil), ("сёння", .russian), ("быў", nil), ("βιβλία", .greek),
      ("كتاب", .arabic), ("हिन्दी", .hindi), ("தமிழ்", .tamil), ("գիրք", .armenian), ("book", nil), ("été", nil),
      ("книгаx", nil), ("книга1", nil), ("東京", nil), ("", nil), ("שלום", nil), ("কথা", nil),
    ] as [(String, TextLanguage?)])
  func aWordsScriptTellsItsLanguage(_ word: String, _ expected: TextLanguage?) {
    #expect(Array(word.utf8).withUnsafeBytes { TextLanguage.script($0) } == expected)
  }

  @Test func languagesHaveCodesAndWordsOfTheirOwn() {
    #expect(Set(TextLanguage.allCases.map { "\($0.code)" }).count == TextLanguage.allCases.count)
    #expect([.english] + TextLanguage.otherLatin + TextLanguage.scripted == TextLanguage.allCases)
    for language in TextLanguage.allCases { #expect(language.functionWords.split(separator: " ").count >= 30) }
  }
}

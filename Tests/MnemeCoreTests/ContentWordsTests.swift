import Testing

@testable import MnemeCore

@Suite struct ContentWordsTests {
  /// The examples of Porter's paper, step by step, and words that take several steps.
  @Test(arguments: [
    ("caresses", "caress"), ("ponies", "poni"), ("ties", "ti"), ("caress", "caress"), ("cats", "cat"),
    ("feed", "feed"), ("agreed", "agre"), ("plastered", "plaster"), ("bled", "bled"), ("motoring", "motor"),
    ("sing", "sing"), ("conflated", "conflat"), ("troubled", "troubl"), ("sized", "size"), ("hopping", "hop"),
    ("tanned", "tan"), ("falling", "fall"), ("hissing", "hiss"), ("fizzed", "fizz"), ("failing", "fail"),
    ("filing", "file"), ("happy", "happi"), ("sky", "sky"), ("relational", "relat"), ("conditional", "condit"),
    ("rational", "ration"), ("valenci", "valenc"), ("digitizer", "digit"), ("radicalli", "radic"),
    ("differentli", "differ"), ("vileli", "vile"), ("vietnamization", "vietnam"), ("operator", "oper"),
    ("feudalism", "feudal"), ("decisiveness", "decis"), ("hopefulness", "hope"), ("formaliti", "formal"),
    ("sensitiviti", "sensit"), ("triplicate", "triplic"), ("formative", "form"), ("formalize", "formal"),
    ("electrical", "electr"), ("goodness", "good"), ("revival", "reviv"), ("allowance", "allow"),
    ("airliner", "airlin"), ("adjustable", "adjust"), ("replacement", "replac"), ("adoption", "adopt"),
    ("communism", "commun"), ("activate", "activ"), ("effective", "effect"), ("probate", "probat"),
    ("rate", "rate"), ("cease", "ceas"), ("controll", "control"), ("roll", "roll"), ("generalizations", "gener"),
    ("oscillators", "oscil"), ("archaeology", "archaeolog"), ("by", "by"), ("", ""), ("café", "café"), ("b2b", "b2b"),
  ])
  func aWordHasItsStem(_ word: String, _ stem: String) {
    #expect(PorterStemmer.stem(word) == stem)
  }

  @Test(arguments: [
    ("Where did Caroline go?", ["carolin", "go"]),
    ("Caroline's painting, Caroline\u{2019}s paintings", ["carolin", "paint", "carolin", "paint"]),
    ("I don't; they can't!", []),
    ("In 2023-05 it cost 3.50", ["2023", "05", "cost", "3", "50"]),
    ("Группа поддержки", ["группа", "поддержки"]),
    ("東京に行く", ["東京", "京に", "に行", "行く"]),
    ("猫", ["猫"]),
    ("iPhoneを買う", ["iphone", "を買", "買う"]),
    ("", []), ("the", []),
  ])
  func aTextHasItsContentWords(_ text: String, _ words: [String]) {
    #expect(ContentWords.all(of: text) == words)
    #expect(ContentWords.set(of: text) == Set(words))
  }

  @Test(arguments: 0..<50)
  func wordsThatAreAskedForAreFound(seed: Int) {
    var random = SplitMix64(seed: UInt64(seed))
    let endings = ["", "s", "es", "ies", "ed", "ing", "y", "ational", "ness", "e", "ization", "ion", "'s"]
    func word() -> String {
      let letters = (0..<1 + random.below(6)).map { _ in Character(Unicode.Scalar(UInt8(97 + random.below(26)))) }
      return String(letters) + endings[random.below(endings.count)]
    }
    let known = (0..<40).map { _ in word() } + ["東京に行く", "Группа", "ies", "the"]
    func text() -> String { (0..<20).map { _ in known[random.below(known.count)] }.joined(separator: " ") }
    let (question, answer) = (text(), text())
    let common = ContentWords.set(of: question).intersection(ContentWords.set(of: answer))
    #expect(AskedWords(question).found(in: answer) == common)
  }
}

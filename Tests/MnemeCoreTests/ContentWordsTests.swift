import MnemeCore
import Testing

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
}

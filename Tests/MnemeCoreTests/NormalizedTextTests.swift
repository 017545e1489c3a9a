import Testing

@testable import MnemeCore

@Suite struct NormalizedTextTests {
  @Test(arguments: [
    ("I LIVE in Lisbon.", "i live in lisbon"), ("  two   spaces\tand\ntabs ", "two spaces and tabs"),
    ("don't", "dont"), ("don\u{2019}t", "dont"), ("Caf\u{e9} \u{2014} 3\u{20ac}", "caf\u{e9} 3"), ("!?", "!?"),
    ("", ""), ("C3PO_r2-d2", "c3po r2 d2"), ("\u{6771}\u{4eac}", "\u{6771}\u{4eac}"), ("'", "'"), ("A^B`C", "a b c"),
  ])
  func aTextIsComparedByItsLettersAndDigits(text: String, normal: String) {
    #expect(NormalizedText.of(text) == normal)
  }

  @Test(arguments: 1...500 as ClosedRange<UInt64>)
  func textsOfASCIIComeOutAsAnyTextDoes(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    let bytes = (0..<Int.random(in: 0...40, using: &random)).map { _ in UInt8.random(in: 0...127, using: &random) }
    let text = String(decoding: bytes, as: UTF8.self)
    #expect(NormalizedText.ascii(text) == NormalizedText.unicode(text), "seed \(seed)")
  }
}

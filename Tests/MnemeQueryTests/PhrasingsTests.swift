import MnemeCore
import Testing

@testable import MnemeQuery

@Suite struct PhrasingsTests {
  @Test func `a text is read as it would be without them, however often it is asked for`() {
    let phrasings = Phrasings(maxCount: 32)
    for number in 0..<100 {
      // Every text comes again soon, and some after all others.
      for text in ["likes green tea since \(number)", "likes green tea since \(number / 2)"] {
        for subject in ["user", "Ann"] {
          let found = phrasings.phrasing(of: Repeats.Item(score: 1, text: text, subject: subject))
          guard found != Phrasing(text, about: subject) else { continue }
          Issue.record("another phrasing of \(text)")
        }
      }
      #expect(phrasings.count <= 32)
    }
  }

  @Test func `long texts are not kept`() {
    let phrasings = Phrasings()
    let text = String(repeating: "tea ", count: Phrasings.maxTextByteCount)
    _ = phrasings.phrasing(of: Repeats.Item(score: 1, text: text, subject: "user"))
    #expect(phrasings.count == 0)
  }
}

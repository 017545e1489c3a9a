import Testing

@testable import MnemeProjection

@Suite struct UtteranceTests {
  @Test(
    arguments: [
      // Two messages each way, whatever was recorded of them.
      ("a1 a2 a3 a4 a5 a6", 2, [0, 1, 3, 4]),
      ("a1 a1 a2 a2 a3 a3 a4", 3, [0, 1, 4, 5, 6]),
      // Other sessions in between are passed over; what is gone is, too.
      ("a1 b1 a2 b2 a3 b3", 2, [0, 4]),
      ("a1 - a2 - - a3", 2, [0, 5]),
      ("-", 0, []),
      ("a1", 0, []),
      // Memories without a source stand nowhere.
      ("? ? ?", 1, []),
      // Without a session, a pause ends a conversation: digits are hours.
      (".1 .2 .4 .5 .5 .9", 3, [2, 4]),
      (".1 a9 .2", 0, [2]),
    ] as [(String, Int, [Int])])
  func contextIsTheMessagesAround(_ said: String, _ index: Int, _ expected: [Int]) {
    let utterances = said.split(separator: " ").enumerated().map { place, text -> Utterance? in
      let digit = text.last.flatMap { Int64(String($0)) } ?? 0
      switch text.first {
      case "-": return nil
      case "?": return Utterance(session: Utterance.nowhere, place: 0, at: 0, isAssistant: false)
      case ".":
        return Utterance(
          session: Utterance.noSession, place: UInt64(place), at: digit * 3_600_000, isAssistant: false)
      default:
        return Utterance(
          session: text.first == "a" ? 0 : 1, place: UInt64(digit), at: 0, isAssistant: false)
      }
    }
    func context(_ index: Int) -> [Int] {
      Self.context(of: index, utterances)
    }
    #expect(context(index) == expected)
    for other in utterances.indices {
      #expect(context(other).allSatisfy { context($0).contains(other) })
    }
  }

  @Test func contextIsNotLookedForFarAway() {
    let utterances = (0...Utterance.maxDistance + 1).map { place in
      Utterance(
        session: place == 0 || place > Utterance.maxDistance - 1 ? 0 : 1, place: UInt64(place), at: 0,
        isAssistant: false)
    }
    #expect(Self.context(of: 0, utterances) == [Utterance.maxDistance])
  }

  private static func context(of index: Int, _ utterances: [Utterance?]) -> [Int] {
    var found: [Int] = []
    Utterance.forEachContext(of: index, in: utterances.indices) {
      utterances[$0]
    } body: {
      found.append($0)
    }
    return found.sorted()
  }
}

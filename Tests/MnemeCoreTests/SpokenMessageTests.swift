import Testing

@testable import MnemeCore

@Suite struct SpokenMessageTests {
  @Test(arguments: ["", "short", String(repeating: "é", count: 512), String(repeating: "x", count: 1024)])
  func whatIsShortIsKeptWhole(_ text: String) {
    #expect(SpokenMessage.excerpt(text) == text)
  }

  @Test(arguments: ["x", "é", "三", "🙂", "a🙂", "ab三"])
  func ofWhatIsLongBeginningAndEndAreKept(_ part: String) {
    let text = "start " + String(repeating: part, count: 2000) + " end?"
    let excerpt = SpokenMessage.excerpt(text)
    #expect(excerpt.hasPrefix("start ") && excerpt.hasSuffix(" end?") && excerpt.contains(" … "))
    #expect(excerpt.utf8.count <= SpokenMessage.maxByteCount && excerpt.utf8.count > SpokenMessage.maxByteCount - 16)
    // Cut between characters.
    #expect(!excerpt.unicodeScalars.contains("\u{fffd}"))
  }

  private func turn(_ messages: [(String, String)], infer: Bool = true) -> Turn {
    Turn(
      id: "t", owner: OwnerKey(tenant: "t", owner: Owner(kind: .user, id: "u")), receivedAt: Timestamp(milliseconds: 0),
      body: TurnBody(
        scope: Scope(userID: "u"), messages: messages.map { Message(role: $0, content: $1) }, infer: infer))
  }

  private func fact(_ index: Int) -> FactCandidate {
    FactCandidate(text: "f", messageIndex: index, quote: "", actor: "u")
  }

  /// Messages, indices of facts → indices of messages whose texts go along.
  @Test(
    arguments: [
      ([0], [0, 1]), ([2], [1, 2, 3]), ([0, 4], [0, 1, 3, 4]), ([], []), ([9, -1], []), ([2, 2], [1, 2, 3]),
    ] as [([Int], [Int])])
  func textsGoAlongAroundFacts(_ facts: [Int], _ expected: [Int]) {
    let turn = turn((0..<5).map { ("user", "m\($0)") })
    let context = TurnContext(turn, facts: facts.map(fact))
    #expect(context.messages.indices.filter { context.messages[$0].text != nil } == expected)
    #expect(context.messages.allSatisfy { $0.text == nil || $0.text?.hasPrefix("m") == true })
  }

  @Test func instructionsBlanksAndVerbatimTurnsAreLeftOut() {
    let context = TurnContext(turn([("system", "be kind"), ("user", "m"), ("tool", " \n")]), facts: [fact(1)])
    #expect(context.messages.map(\.text) == [nil, "m", nil])
    let verbatim = TurnContext(turn([("user", "m"), ("user", "n")], infer: false), facts: [fact(0)])
    #expect(verbatim.messages.map(\.text) == [nil, nil])
  }

  @Test func allTextsOfATurnAreBounded() {
    let long = String(repeating: "x", count: 4000)
    let context = TurnContext(turn((0..<100).map { _ in ("user", long) }), facts: (20..<90).map(fact))
    let kept = context.messages.indices.filter { context.messages[$0].text != nil }
    #expect(kept == Array(20..<20 + SpokenMessage.maxTurnByteCount / SpokenMessage.maxByteCount))
  }

  @Test func whatChangedSomethingBringsWhatWasSaidAroundIt() {
    let turn = turn((0..<6).map { ("user", "m\($0)") })
    let context = TurnContext(turn, facts: [fact(0), fact(4)])
    func reinforced(_ event: String, _ index: Int) -> MemoryEvent {
      let source = Source(
        eventID: event, messageIndex: index, role: "user", time: Moment(Timestamp(milliseconds: 0), .stated), quote: "")
      return .reinforced(id: Derivation.uuid("m"), source: source, at: Timestamp(milliseconds: 0))
    }
    func indices(_ events: [MemoryEvent]) -> [Int]? { context.spoken(around: events, of: "t")?.map(\.index) }
    #expect(indices([]) == nil)
    #expect(indices([reinforced("other", 0)]) == nil)
    #expect(indices([reinforced("t", 4)]) == [3, 4, 5])
    #expect(indices([reinforced("t", 4), reinforced("t", 0)]) == [0, 1, 3, 4, 5])
    #expect(indices([.retracted(id: Derivation.uuid("m"), at: Timestamp(milliseconds: 0))]) == nil)
  }
}

/// What was said in one message, as far as memories are found by it. A storage format: it travels inside
/// `MemoriesResolved`.
public struct SpokenMessage: Hashable, Sendable, Codable {
  /// Index of the message in its turn.
  public var index: Int
  /// The text, as `excerpt` has it.
  public var text: String

  /// A message with all its parts.
  public init(index: Int, text: String) {
    self.index = index
    self.text = text
  }

  /// Bytes of a message that are kept, at most, in UTF-8.
  public static let maxByteCount = 1024
  /// Bytes of all messages of a turn that are kept, at most: what goes along with the facts must not be what makes
  /// their record too large for the log.
  public static let maxTurnByteCount = 32 << 10
  /// Messages before the one that a fact was read in, and messages after it, whose words lead to it: the question that
  /// it answers, and the answer that it got.
  public static let reach = 1

  /// Stands for what was left out.
  private static let gap = " … "

  /// `text` where it is short enough; else its beginning and its end, each half of what is kept. A message's end is
  /// what the next one answers.
  public static func excerpt(_ text: String) -> String {
    guard text.utf8.count > maxByteCount else { return text }
    let bytes = Array(text.utf8)
    func isInside(_ index: Int) -> Bool { bytes[index] & 0xC0 == 0x80 }
    var end = (maxByteCount - gap.utf8.count) / 2
    var start = bytes.count - end
    // Cut between characters.
    while isInside(end) { end -= 1 }
    while start < bytes.count, isInside(start) { start += 1 }
    return String(decoding: bytes[..<end], as: UTF8.self) + gap + String(decoding: bytes[start...], as: UTF8.self)
  }
}

extension TurnContext {
  /// Gives messages their texts: those that one of `facts` was read in, then those around these, as long as the turn's
  /// bound allows. Instructions of the system are no conversation; messages that are kept as they stand have memories
  /// of their own.
  mutating func addTexts(of turn: Turn, around facts: [FactCandidate]) {
    guard !isVerbatim else { return }
    let sources = Set(facts.map(\.messageIndex)).intersection(messages.indices)
    let near = Set(sources.flatMap { $0 - SpokenMessage.reach...$0 + SpokenMessage.reach })
      .intersection(messages.indices).subtracting(sources)
    var byteCount = 0
    for index in sources.sorted() + near.sorted() {
      let message = turn.body.messages[index]
      guard message.role != "system", message.content.contains(where: { !$0.isWhitespace }) else { continue }
      let text = SpokenMessage.excerpt(message.content)
      byteCount += text.utf8.count
      guard byteCount <= SpokenMessage.maxTurnByteCount else { return }
      messages[index].text = text
    }
  }

  /// The messages that `events` come from, and those around them, as far as their texts are here; nil where there is
  /// none. `eventID` is the turn's.
  public func spoken(around events: [MemoryEvent], of eventID: String) -> [SpokenMessage]? {
    var indices: Set<Int> = []
    for source in events.flatMap(\.newSources) where source.eventID == eventID {
      indices.formUnion(source.messageIndex - SpokenMessage.reach...source.messageIndex + SpokenMessage.reach)
    }
    let spoken = indices.sorted().compactMap { index -> SpokenMessage? in
      guard messages.indices.contains(index), let text = messages[index].text else { return nil }
      return SpokenMessage(index: index, text: text)
    }
    return spoken.isEmpty ? nil : spoken
  }
}

extension MemoryEvent {
  /// The sources that the event brings.
  public var newSources: [Source] {
    switch self {
    case .added(let memory): memory.sources
    case .reinforced(_, let source, _): [source]
    case .revised, .superseded, .retracted, .rated: []
    }
  }
}

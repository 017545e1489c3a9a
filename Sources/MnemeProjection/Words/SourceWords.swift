import FoundationEssentials
import GRDB
import MnemeCore

/// The words of the messages that a memory comes from, and of those just beside them: some of them its text has lost.
/// Keys as `WordKeys` has them, each once.
struct SourceWords: Sendable, Equatable {
  /// Different words of a message, without stop words, at most: those that come first. A fact is told in fewer, and
  /// what they cost each search that keeps them in memory is bounded by it.
  static let maxMessageWordCount = 64
  /// Different words of a memory with all of its sources, at most: those of the first ones, as many as fit.
  static let maxCount = 192

  /// Different words of what a memory comes from, by which lengths are told apart: in steps, so that an index has room
  /// for the length beside each word.
  static let lengthStep = 4
  /// Different words of what a memory comes from where each of them counts by `KeywordQuery.contextShare`. Of three
  /// short messages of a chat, which have some twenty, each counts in full. By LoCoMo's development conversations; from
  /// 40 to 64 it makes little difference.
  static let typicalLength = 64.0

  /// Rising.
  private(set) var keys: [UInt32]

  /// None.
  init() { keys = [] }

  /// Those that `sources` bring, which `spoken` are of.
  init(_ sources: [Source], _ spoken: SpokenWords) {
    self.init()
    for source in sources { add(source, spoken) }
  }

  /// Adds those that a source brings.
  mutating func add(_ source: Source, _ spoken: SpokenWords) {
    guard source.eventID == spoken.eventID else { return }
    add(spoken.around(source.messageIndex))
  }

  /// Adds words, as many as fit.
  mutating func add(_ words: [UInt32]) {
    guard !words.isEmpty, keys.count < Self.maxCount else { return }
    var known = Set(keys)
    for word in words where known.count < Self.maxCount { known.insert(word) }
    keys = known.sorted()
  }

  /// What a row has; null where there are none.
  init(_ row: Row, at index: Int) throws {
    var keys: [UInt32] = []
    _ = try WordKeys.forEach(row, at: index) { key, _ in keys.append(key) }
    self.keys = keys
  }

  /// Of the words of column `source`, those that are not among the words of column `own`: what a text has, it has not
  /// lost. And the length of all of them.
  static func lost(_ row: Row, source: Int, own: Int) throws -> (keys: [UInt32], length: Int32) {
    let words = try SourceWords(row, at: source)
    guard !words.keys.isEmpty else { return ([], 0) }
    var known: Set<UInt32> = []
    _ = try WordKeys.forEach(row, at: own) { key, _ in known.insert(key) }
    return (words.keys.filter { !known.contains($0) }, words.length)
  }

  /// How many words there are, in steps.
  var length: Int32 { Self.length(keys.count) }

  static func length(_ count: Int) -> Int32 { Int32((count + lengthStep - 1) / lengthStep) }

  /// Share of its weight that a word has for a memory whose text has lost it from something of that length: the longer
  /// what was said, the less does a word of it say about the fact (as BM25 has it for texts, with b = 0.75).
  static func share(length: Int32) -> Double {
    let relative = Double(Int(length) * lengthStep) / typicalLength
    return min(1, KeywordQuery.contextShare / (0.25 + 0.75 * relative))
  }

  /// As a row has them; nil where there are none.
  var bytes: [UInt8]? { keys.isEmpty ? nil : WordKeys(keys).bytes }
}

/// The words of a turn's messages, as far as an outcome tells what was said.
struct SpokenWords: Sendable {
  /// The publisher's event id of the turn.
  let eventID: String
  /// Of each message that is known, its different words in the order in which they come, without stop words.
  private var words: [Int: [UInt32]] = [:]

  /// Of a turn of which nothing is known.
  init(eventID: String) { self.eventID = eventID }

  /// Of what an outcome tells.
  init(_ body: MemoriesResolved, _ tokenizer: WordTokenizer) throws {
    self.init(eventID: body.input.id)
    guard let messages = body.messages else { return }
    for message in messages { words[message.index] = Self.first(try tokenizer.tellingKeys(of: message.text)) }
  }

  /// The same, of a body that was not made values of.
  init(_ sketch: ResolvedSketch, _ tokenizer: WordTokenizer) throws {
    self.init(eventID: sketch.messages.isEmpty ? "" : sketch.text(sketch.input.id))
    guard !sketch.messages.isEmpty else { return }
    try sketch.withTexts { texts in
      for message in sketch.messages {
        words[message.index] = Self.first(try unsafe tokenizer.tellingKeys(of: texts[message.text]))
      }
    }
  }

  private static func first(_ keys: [UInt32]) -> [UInt32] { Array(keys.prefix(SourceWords.maxMessageWordCount)) }

  /// The words of message `index`, then those of the messages beside it.
  func around(_ index: Int) -> [UInt32] {
    var found = words[index] ?? []
    for distance in 1...SpokenMessage.reach {
      found += (words[index - distance] ?? []) + (words[index + distance] ?? [])
    }
    return found
  }
}

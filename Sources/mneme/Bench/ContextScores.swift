import MnemeCore

/// How much of one question's answer a context holds.
struct ContextScore: Sendable {
  /// Words of a context that are read.
  static let wordCount = 300

  /// Number of the question's conversation.
  let conversation: Int
  let category: String
  /// Share of the answer's different content words, stemmed, among the first words of the context.
  let share: Double
  /// How many words the context has in all.
  let wordCount: Int

  /// The score of `text`; nil where the answer has no content word.
  init?(conversation: Int, category: String, text: String, answer: String) {
    let wanted = ContentWords.set(of: answer)
    guard !wanted.isEmpty else { return nil }
    let words = text.split(whereSeparator: \.isWhitespace)
    let read = ContentWords.set(of: words.prefix(Self.wordCount).joined(separator: " "))
    self.conversation = conversation
    self.category = category
    self.share = Double(wanted.count { read.contains($0) }) / Double(wanted.count)
    self.wordCount = words.count
  }
}

/// The scores of some questions, in one line.
struct ContextRow: Encodable, Sendable {
  /// What the questions have in common.
  var category: String
  /// How many they are.
  var questions: Int
  /// Mean share of the answer's words.
  var share: Double
  /// Bounds between which 95 % of 2,000 resamplings of the conversations lie.
  var interval: [Double]
  /// Mean words of a context.
  var meanWords: Double
  /// Share of contexts that have fewer words than are read.
  var shortShare: Double

  init(_ category: String, _ scores: [ContextScore], conversationCount: Int) {
    let count = Double(max(scores.count, 1))
    self.category = category
    self.questions = scores.count
    self.share = scores.reduce(0) { $0 + $1.share } / count
    self.interval = RecallInterval.of(
      scores.map { ($0.conversation, $0.share) }, conversationCount: conversationCount)
    self.meanWords = scores.reduce(0) { $0 + Double($1.wordCount) } / count
    self.shortShare = Double(scores.count { $0.wordCount < ContextScore.wordCount }) / count
  }

  /// For people.
  var text: String {
    "context, \(category) (\(questions))  \(RecallInterval.rounded(share)) of the answers' words in the first "
      + "\(ContextScore.wordCount)  within \(RecallInterval.text(interval))  "
      + "\(Int(meanWords.rounded())) words each, \(Int((shortShare * 100).rounded())) % of them shorter"
  }
}

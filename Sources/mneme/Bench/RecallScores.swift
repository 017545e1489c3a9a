import MnemeCore

/// How well one question's evidence was found.
struct RecallScore: Sendable {
  /// Numbers of first turns that are looked at.
  static let cutoffs = [1, 5, 10, 20]

  /// Number of the question's conversation.
  let conversation: Int
  let category: String
  /// For each of `cutoffs`, the share of the evidence among so many first turns.
  let recall: [Double]
  /// One over the place of the first turn that is evidence; 0 where there is none.
  let reciprocalRank: Double

  /// The score of `turns`, each once, in rank order.
  init(conversation: Int, category: String, turns: [String], evidence: Set<String>) {
    self.conversation = conversation
    self.category = category
    self.recall = Self.cutoffs.map { cutoff in
      Double(turns.prefix(cutoff).count { evidence.contains($0) }) / Double(evidence.count)
    }
    self.reciprocalRank = turns.firstIndex { evidence.contains($0) }.map { 1 / Double($0 + 1) } ?? 0
  }
}

/// The scores of some questions, in one line.
struct RecallRow: Encodable, Sendable {
  /// What the questions have in common.
  var category: String
  /// How many they are.
  var questions: Int
  /// Mean share of evidence by cutoff.
  var recall: [String: Double]
  /// Mean reciprocal rank of the first evidence turn.
  var mrr: Double
  /// Bounds of recall@10 between which 95 % of 2,000 resamplings of the conversations lie.
  var interval: [Double]

  init(_ category: String, _ scores: [RecallScore], conversationCount: Int) {
    func mean(_ value: (RecallScore) -> Double) -> Double {
      scores.isEmpty ? 0 : scores.reduce(0) { $0 + value($1) } / Double(scores.count)
    }
    self.category = category
    self.questions = scores.count
    var recall: [String: Double] = [:]
    for (index, cutoff) in RecallScore.cutoffs.enumerated() { recall[String(cutoff)] = mean { $0.recall[index] } }
    self.recall = recall
    self.mrr = mean(\.reciprocalRank)
    self.interval = RecallInterval.of(
      scores.map { ($0.conversation, $0.recall[2]) }, conversationCount: conversationCount)
  }

  /// For people.
  var text: String {
    let recalls = RecallScore.cutoffs.map { "R@\($0) " + RecallInterval.rounded(recall[String($0)] ?? 0) }
    return "\(category) (\(questions))  \(recalls.joined(separator: "  "))  MRR \(RecallInterval.rounded(mrr))  "
      + "R@10 within \(RecallInterval.text(interval))"
  }
}

/// Where a mean over questions lies, by resampling conversations: questions about one conversation are no independent
/// draws.
enum RecallInterval {
  /// Draws of the bootstrap.
  static let drawCount = 2000

  /// Bounds between which 95 % of the means of `drawCount` resamplings lie.
  static func of(_ values: [(conversation: Int, value: Double)], conversationCount: Int) -> [Double] {
    var sums = [(value: Double, count: Double)](repeating: (0, 0), count: conversationCount)
    for (conversation, value) in values {
      sums[conversation].value += value
      sums[conversation].count += 1
    }
    var random = SplitMix64(seed: 0)
    var means: [Double] = []
    for _ in 0..<drawCount where conversationCount > 0 {
      var (value, count) = (0.0, 0.0)
      for _ in 0..<conversationCount {
        let drawn = sums[random.below(conversationCount)]
        value += drawn.value
        count += drawn.count
      }
      if count > 0 { means.append(value / count) }
    }
    means.sort()
    guard !means.isEmpty else { return [0, 0] }
    return [0.025, 0.975].map { means[min(means.count - 1, Int($0 * Double(means.count)))] }
  }

  /// A share with three decimals.
  static func rounded(_ value: Double) -> String {
    let digits = String(Int((value * 1000).rounded()))
    return value >= 0.9995 ? "1.000" : "0." + String(repeating: "0", count: 3 - digits.count) + digits
  }

  /// For people.
  static func text(_ interval: [Double]) -> String { interval.map(rounded).joined(separator: "…") }
}

/// What of a memory's text is put into a prompt: all of it where it is short, else the sentences that answer best.
public struct Excerpt: Hashable, Sendable {
  /// One line: passages of the memory's text, with an ellipsis wherever something was left out.
  public let text: String
  /// Whether nothing was left out.
  public let isWhole: Bool

  /// What stands where something was left out.
  public static let ellipsis = "\u{2026}"

  /// The passages of `text` that weigh most, in the order in which they stand there.
  ///
  /// A passage weighs what the different words of the question in it weigh together; of equal ones the first is taken.
  /// Passages without any word of the question are left out, but where no passage has one: then the text begins where
  /// it begins.
  /// - Parameters:
  ///   - asked: The words of the question.
  ///   - weights: What each of them weighs.
  ///   - maxTokenCount: The excerpt has at most so many tokens, by `TokenEstimate`.
  init(of text: String, asked: AskedWords, weights: [String: Double], maxTokenCount: Int) {
    let whole = Passages.flattened(text)
    let isShort = text.utf8.count <= Passages.maxTextByteCount
    if isShort, TokenEstimate.count(whole) <= maxTokenCount {
      (self.text, self.isWhole) = (whole, true)
      return
    }
    // Room for an ellipsis on either side.
    let room = maxTokenCount - 2 * TokenEstimate.count(Self.ellipsis)
    let passages = Passages.split(text, maxTokenCount: max(room, 1))
    let scores = passages.map { passage in
      // In order, so that equal passages weigh the same to the last bit.
      asked.found(in: passage).compactMap { weights[$0] }.sorted().reduce(0, +)
    }
    let counts = passages.map { TokenEstimate.count($0) }
    var kept: Set<Int> = []
    for index in passages.indices.sorted(by: { (-scores[$0], $0) < (-scores[$1], $1) })
    where kept.reduce(counts[index], { $0 + counts[$1] }) <= maxTokenCount {
      if scores[index] == 0, kept.contains(where: { scores[$0] > 0 }) { break }
      if TokenEstimate.count(Self.join(passages, kept.union([index]))) <= maxTokenCount { kept.insert(index) }
    }
    self.text = Self.join(passages, kept)
    self.isWhole = false
  }

  private static func join(_ passages: [String], _ kept: Set<Int>) -> String {
    var parts: [String] = []
    var next = 0
    for index in kept.sorted() {
      if index > next { parts.append(ellipsis) }
      parts.append(passages[index])
      next = index + 1
    }
    if !kept.isEmpty, next < passages.count { parts.append(ellipsis) }
    return parts.joined(separator: " ")
  }
}

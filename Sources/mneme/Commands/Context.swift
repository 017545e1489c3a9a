import ArgumentParser
import MnemeCore
import MnemeProjection

/// `mneme context`: what is remembered about a question, for a prompt.
struct Context: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Print what is remembered about a question as text for a prompt, within a budget of tokens.")

  @Argument(help: "The question.")
  var query: String
  @OptionGroup var scope: ScopeOptions
  @OptionGroup var time: TimeOptions
  @Option(
    help: "At most so many tokens, by an estimate: \(ContextBlock.minTokenCount) to \(ContextBlock.maxTokenCount).")
  var maxTokens = ContextBlock.defaultTokenCount
  @Option(help: "Look at no more than so many memories.") var topK = 50
  @Option(help: "Least score, 0 to 1.") var threshold = 0.1
  @Flag(help: "Print one JSON document.") var json = false
  @OptionGroup var settings: SettingsOptions

  func validate() throws {
    if !(ContextBlock.minTokenCount...ContextBlock.maxTokenCount).contains(maxTokens) {
      throw ValidationError(
        "--max-tokens must be from \(ContextBlock.minTokenCount) to \(ContextBlock.maxTokenCount)")
    }
    if !(1...ContextBlock.maxItemCount).contains(topK) {
      throw ValidationError("--top-k must be from 1 to \(ContextBlock.maxItemCount)")
    }
    if !(0...1).contains(threshold) { throw ValidationError("--threshold must be from 0 to 1") }
    try time.validate(with: scope)
  }

  func run() async throws {
    let found = try await Search.find(query, scope, time, limit: topK, threshold: threshold, settings)
    let now = time.reference
    let items = found.hits.map { ContextItem($0.view.memory, score: $0.score, now: now) }
    let block = ContextBlock(question: query, items: items, maxTokenCount: maxTokens)
    if json { return try Console.json(Report(block, items)) }
    if block.text.isEmpty {
      Console.note(block.isTruncated ? "nothing fits into \(maxTokens) tokens" : "nothing found")
    } else {
      Console.line(block.text)
    }
  }

  private struct Report: Encodable {
    struct Entry: Encodable {
      var citation: Int
      var id: String
      var text: String
      var whole: Bool
      var score: Double
      var date: String
      var past: Bool
    }

    var context: String
    var tokens: Int
    var truncated: Bool
    var memories: [Entry]

    init(_ block: ContextBlock, _ items: [ContextItem]) {
      context = block.text
      tokens = block.tokenCount
      truncated = block.isTruncated
      memories = block.entries.map { entry in
        let item = items[entry.item]
        return Entry(
          citation: entry.citation, id: entry.id.text, text: entry.excerpt.text, whole: entry.excerpt.isWhole,
          score: item.score, date: item.from.day.description, past: item.isPast)
      }
    }
  }
}

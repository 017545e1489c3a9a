import ArgumentParser
import MnemeCore
import MnemeProjection

/// `mneme bench locomo`: does recall find the turns that answer a question?
struct BenchLoCoMo: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "locomo",
    abstract: "Ingest LoCoMo over HTTP and measure retrieval of the evidence turns.",
    discussion: """
      A document is the question's own conversation, the query the bare question. A memory counts as its source turns, \
      each turn once, in rank order. recall@k is the share of the evidence turns among the first k turns, averaged over \
      questions; MRR that of the first evidence turn.
      """)

  @Argument(help: "The LoCoMo file, as published.") var path: String
  @OptionGroup var options: BenchOptions

  /// Memories asked for, so that twenty different turns are among their sources.
  private static let maxHitCount = 100
  private static let cutoffs = [1, 5, 10, 20]

  func run() async throws {
    let data = try LoCoMo(path: path)
    let report = try await options.withDirectory { directory in
      try await BenchServer.run(options.settings, directory: directory) { server in
        let seconds = try await self.ingest(data, server)
        return try await self.measure(data, server, seconds: seconds)
      }
    }
    if options.json { return try Console.json(report) }
    Console.line(
      "\(report.turns) turns in, \(report.outcomes) outcomes, \(report.parked) parked, \(report.memories) memories")
    Console.line("\(report.seconds.rounded()) s from the first add to the last memory")
    for row in report.rows { Console.line(row.text) }
  }

  private struct Report: Encodable {
    var turns: Int
    var outcomes: Int
    var parked: Int
    var memories: Int
    var seconds: Double
    var digest: String
    var rows: [Row]
  }

  private struct Row: Encodable {
    var category: String
    var questions: Int
    var recall: [String: Double]
    var mrr: Double

    var text: String {
      func rounded(_ value: Double) -> String {
        let digits = String(Int((value * 1000).rounded()))
        return value >= 0.9995 ? "1.000" : "0." + String(repeating: "0", count: 3 - digits.count) + digits
      }
      let recalls = BenchLoCoMo.cutoffs.map { cutoff -> String in
        "R@\(cutoff) " + rounded(recall[String(cutoff)] ?? 0)
      }
      return "\(category) (\(questions))  \(recalls.joined(separator: "  "))  MRR \(rounded(mrr))"
    }
  }

  /// Every conversation side by side, each in its own order. Returns the seconds until all is searchable.
  private func ingest(_ data: LoCoMo, _ server: BenchServer) async throws -> Double {
    let started = ContinuousClock.now
    try await withThrowingTaskGroup(of: Void.self) { group in
      for conversation in data.conversations {
        group.addTask {
          for turn in conversation.turns {
            try await server.add(
              [["role": "user", "name": .string(turn.speaker), "content": .string(turn.text)]], user: conversation.id,
              eventID: "\(conversation.id)/\(turn.id)", timestamp: turn.time)
          }
        }
      }
      try await group.waitForAll()
    }
    try await server.waitUntilIdle(ProgressBar("ingest", unit: "records under way"))
    return (ContinuousClock.now - started).inSeconds
  }

  private func measure(_ data: LoCoMo, _ server: BenchServer, seconds: Double) async throws -> Report {
    var scores: [Int: [Score]] = [:]
    let bar = ProgressBar("questions", unit: "questions")
    let total = data.conversations.reduce(0) { $0 + $1.questions.count }
    var done = 0
    for conversation in data.conversations {
      for question in conversation.questions {
        done += 1
        bar.update(done, of: total)
        guard LoCoMo.categoryNames[question.category] != nil, !question.evidence.isEmpty else { continue }
        let hits = try await server.search(question.text, user: conversation.id, limit: Self.maxHitCount)
        scores[question.category, default: []].append(
          Score(turns: Self.turns(hits, of: conversation.id), evidence: question.evidence))
      }
    }
    bar.finish(done)
    let summary = try await server.roles.reader.summary()
    let turns = data.conversations.reduce(0) { $0 + $1.turns.count }
    guard summary.turnCount == turns else {
      throw CommandFailure("\(turns) turns went in, \(summary.turnCount) have an outcome")
    }
    var rows = [Self.row("all", scores.values.flatMap { $0 })]
    for category in scores.keys.sorted() {
      rows.append(Self.row(LoCoMo.categoryNames[category] ?? "", scores[category] ?? []))
    }
    return Report(
      turns: turns, outcomes: summary.turnCount, parked: summary.parkedCount, memories: summary.memoryCount,
      seconds: seconds, digest: summary.digest.description, rows: rows)
  }

  /// The source turns of hits, each once, in rank order.
  private static func turns(_ hits: [JSONValue], of conversation: String) -> [String] {
    var seen: Set<String> = []
    var turns: [String] = []
    for source in hits.flatMap({ $0["sources"]?.arrayValue ?? [] }) {
      guard let eventID = source["event_id"]?.stringValue else { continue }
      let turn = String(eventID.dropFirst(conversation.count + 1))
      if seen.insert(turn).inserted { turns.append(turn) }
    }
    return turns
  }

  private struct Score {
    var recall: [Int: Double] = [:]
    var reciprocalRank: Double

    init(turns: [String], evidence: Set<String>) {
      for cutoff in BenchLoCoMo.cutoffs {
        recall[cutoff] = Double(turns.prefix(cutoff).filter(evidence.contains).count) / Double(evidence.count)
      }
      reciprocalRank = turns.firstIndex(where: evidence.contains).map { 1 / Double($0 + 1) } ?? 0
    }
  }

  private static func row(_ name: String, _ scores: [Score]) -> Row {
    func mean(_ value: (Score) -> Double) -> Double {
      scores.isEmpty ? 0 : scores.reduce(0) { $0 + value($1) } / Double(scores.count)
    }
    var recall: [String: Double] = [:]
    for cutoff in cutoffs { recall[String(cutoff)] = mean { $0.recall[cutoff] ?? 0 } }
    return Row(category: name, questions: scores.count, recall: recall, mrr: mean(\.reciprocalRank))
  }
}

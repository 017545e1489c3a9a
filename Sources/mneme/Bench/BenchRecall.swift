import ArgumentParser
import MnemeCore
import MnemeProjection

/// `mneme bench recall`: does recall find the messages that answer a question?
struct BenchRecall: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "recall",
    abstract: "Retrieval of the evidence turns of LoCoMo and BEAM, through the whole system.",
    discussion: """
      Adds every conversation as one user's, each session under a run id of its own, over HTTP, and asks each question \
      over HTTP. A document is the question's own conversation, the query the bare question. A memory counts as its \
      source messages, each once, in rank order. recall@k is the share of the evidence among the first k messages, \
      averaged over questions; MRR that of the first evidence message. The context is what POST /v1/context/ gives for \
      the bare question with the standard budget; measured is the share of the gold answer's content words, stemmed, in \
      its first 300 words, over LoCoMo's single-hop and multi-hop questions and BEAM's with an answer. The ceiling is \
      the share of the evidence of which there is any memory: no recall is above it. A folder that is kept is filled \
      once.
      """)

  @Option(help: "Folder of LoCoMo: the file as published, and corrected labels, if any.") var locomo: String?
  @Option(help: "Folder of BEAM: one folder for each chat.") var beam: String?
  @Flag(help: "Extract memories from the messages, rather than keep each message as it stands.") var extracted = false
  @Flag(help: "Tell also what is found without each signal, among the first 100 hits with all of them.")
  var signals = false
  @OptionGroup var options: BenchOptions

  /// Memories asked for, so that twenty different messages are among their sources.
  private static let maxHitCount = 100
  /// Messages of one turn, at most.
  private static let maxMessageCount = 20

  func validate() throws {
    guard locomo != nil || beam != nil else { throw ValidationError("--locomo or --beam is expected") }
  }

  func run() async throws {
    let corpora = [try locomo.map(RecallCorpus.locomo), try beam.map(RecallCorpus.beam)].compactMap { $0 }
    let reports = try await options.withDirectory { directory in
      try await BenchServer.run(options.settings, directory: directory) { server in
        try await self.ingest(corpora, server)
        var reports: [Report] = []
        for corpus in corpora { reports.append(try await self.measure(corpus, server)) }
        return reports
      }
    }
    if options.json { return try Console.json(reports) }
    for report in reports {
      Console.line(
        "\(report.corpus): \(report.conversations) conversations, \(report.messages) messages"
          + (extracted ? ", extracted" : "") + "; ceiling " + RecallInterval.rounded(report.ceiling))
      for row in report.rows { Console.line("  " + row.text) }
      for row in report.contexts { Console.line("  " + row.text) }
    }
  }

  private struct Report: Encodable {
    var corpus: String
    var conversations: Int
    var messages: Int
    /// Share of the evidence of which there is any memory, averaged over questions.
    var ceiling: Double
    var rows: [RecallRow]
    var contexts: [ContextRow]
  }

  /// Every conversation side by side, each in its own order.
  private func ingest(_ corpora: [RecallCorpus], _ server: BenchServer) async throws {
    let conversations = corpora.flatMap(\.conversations)
    let turnCount = conversations.reduce(0) { $0 + $1.sessions.reduce(0) { $0 + Self.chunks($1).count } }
    guard try await server.roles.reader.summary().turnCount < turnCount else { return }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for conversation in conversations {
        group.addTask {
          for (number, session) in conversation.sessions.enumerated() {
            for (part, messages) in Self.chunks(session).enumerated() {
              try await server.add(
                messages.map(Self.message), user: conversation.id, run: "session-\(number + 1)",
                eventID: "\(conversation.id)/\(number + 1)/\(part)", timestamp: messages.first?.time,
                infer: self.extracted)
            }
          }
        }
      }
      try await group.waitForAll()
    }
    try await server.waitUntilIdle(ProgressBar("ingest", unit: "records under way"))
    let found = try await server.roles.reader.summary()
    guard found.turnCount == turnCount, found.parkedCount == 0 else {
      throw CommandFailure(
        "\(turnCount) turns went in, \(found.turnCount) have an outcome, \(found.parkedCount) are parked")
    }
  }

  private static func chunks(_ session: [RecallCorpus.Said]) -> [ArraySlice<RecallCorpus.Said>] {
    stride(from: 0, to: session.count, by: maxMessageCount).map { session[$0...].prefix(maxMessageCount) }
  }

  private static func message(_ said: RecallCorpus.Said) -> JSONValue {
    var message: [String: JSONValue] = [
      "role": .string(said.role), "content": .string(said.text), "id": .string(said.id),
      "timestamp": .string(said.time.description),
    ]
    message["name"] = said.name.map(JSONValue.string)
    return .object(message)
  }

  private func measure(_ corpus: RecallCorpus, _ server: BenchServer) async throws -> Report {
    var scores: [RecallScore] = []
    var audited: [RecallScore] = []
    var ablated: [RecallSignal: [RecallScore]] = [:]
    var contexts: [ContextScore] = []
    var ceilings: [Double] = []
    let bar = ProgressBar(corpus.name, unit: "questions")
    let total = corpus.conversations.reduce(0) { $0 + $1.questions.count }
    for (number, conversation) in corpus.conversations.enumerated() {
      let known = try await Self.known(conversation.id, server)
      for question in conversation.questions {
        let hits = try await server.search(
          question.text, user: conversation.id, limit: Self.maxHitCount, explains: signals)
        func score(_ hits: [JSONValue], _ evidence: Set<String>) -> RecallScore {
          RecallScore(
            conversation: number, category: question.category, turns: Self.messages(hits), evidence: evidence)
        }
        scores.append(score(hits, question.evidence))
        audited.append(score(hits, question.auditedEvidence))
        for signal in signals ? RecallSignal.allCases : [] {
          ablated[signal, default: []].append(score(signal.leftOut(of: hits), question.evidence))
        }
        ceilings.append(Double(question.evidence.count { known.contains($0) }) / Double(question.evidence.count))
        if let answer = question.answer {
          let text = try await server.context(question.text, user: conversation.id)
          contexts += [
            ContextScore(conversation: number, category: question.category, text: text, answer: answer)
          ].compactMap { $0 }
        }
        bar.update(scores.count, of: total)
      }
    }
    bar.finish(scores.count)
    return Report(
      corpus: corpus.name, conversations: corpus.conversations.count,
      messages: corpus.conversations.reduce(0) { $0 + $1.messageCount },
      ceiling: ceilings.isEmpty ? 0 : ceilings.reduce(0, +) / Double(ceilings.count),
      rows: Self.rows(corpus, scores, audited) + Self.rows(corpus, ablated),
      contexts: Self.rows(corpus, contexts))
  }

  private static func rows(_ corpus: RecallCorpus, _ scores: [ContextScore]) -> [ContextRow] {
    let count = corpus.conversations.count
    return [ContextRow("all", scores, conversationCount: count)]
      + Set(scores.map(\.category)).sorted().map { category in
        ContextRow(category, scores.filter { $0.category == category }, conversationCount: count)
      }
  }

  private static func rows(
    _ corpus: RecallCorpus, _ scores: [RecallScore], _ audited: [RecallScore]
  ) -> [RecallRow] {
    func row(_ name: String, _ scores: [RecallScore]) -> RecallRow {
      RecallRow(name, scores, conversationCount: corpus.conversations.count)
    }
    var rows = [row("all", scores)]
    for separate in corpus.separateCategories {
      rows.append(row("all without \(separate)", scores.filter { $0.category != separate }))
    }
    if corpus.isAudited { rows.append(row("all, labels corrected", audited)) }
    for category in Set(scores.map(\.category)).sorted() {
      rows.append(row(category, scores.filter { $0.category == category }))
    }
    return rows
  }

  private static func rows(_ corpus: RecallCorpus, _ ablated: [RecallSignal: [RecallScore]]) -> [RecallRow] {
    RecallSignal.allCases.compactMap { signal in
      ablated[signal].map {
        RecallRow("all, without \(signal.rawValue)", $0, conversationCount: corpus.conversations.count)
      }
    }
  }

  /// The messages of which one user has any memory.
  private static func known(_ user: String, _ server: BenchServer) async throws -> Set<String> {
    let owner = OwnerKey(tenant: MnemeSystem.tenant, owner: Owner(kind: .user, id: user))
    return Set(try await server.roles.reader.memories(of: owner).flatMap(\.sources).compactMap(\.messageID))
  }

  /// The source messages of hits, each once, in rank order.
  private static func messages(_ hits: [JSONValue]) -> [String] {
    var seen: Set<String> = []
    return hits.flatMap { $0["sources"]?.arrayValue ?? [] }.compactMap { $0["message_id"]?.stringValue }
      .filter { seen.insert($0).inserted }
  }
}

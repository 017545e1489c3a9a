import ArgumentParser
import CurlHTTP
import EventLog
import FoundationEssentials
import LanguageModel
import MnemeCore
import MnemePipeline
import MnemeProjection

/// `mneme bench search`: latency and throughput over HTTP, by how much is searched.
struct BenchSearch: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "search", abstract: "Search latency and throughput over HTTP, at several sizes.",
    discussion: """
      Fills a log with memories, folds it, and asks a mneme serve of its own, over one connection that is kept. Each \
      question is asked twice: the second time its embedding is known, and what remains is the search. Answers are \
      timed until their last byte, and decoded afterwards. A folder that is kept is filled once.

      A peer is a program that searches the largest owner's memories for the same questions: it reads lines of JSON \
      on standard input, first {"id", "memory", "at", "user", "vector"}, then {"question", "user", "vector"} (base64 \
      of 32-bit floats, little-endian), and prints {"name": …, "milliseconds": [one of each question]}. How many \
      times as long it takes is the ratio.
      """)

  @Option(help: "Memories of one owner, one size after the other.") var sizes: [Int] = [1000, 10_000]
  @Option(help: "Owners of the crowd.") var owners = 1000
  @Option(help: "Memories of each of them.") var memoriesPerOwner = 100
  @Option(help: "Searches in each measurement.") var searches = 300
  @Option(help: "Seconds that searches are sent side by side.") var seconds = 5
  @Option(help: "Connections that send them.") var connections = 8
  @Option(help: "Program to compare with; may be repeated; see above.") var peer: [String] = []
  @OptionGroup var options: BenchOptions

  func validate() throws {
    guard searches > 0, owners >= 0, memoriesPerOwner >= 0, seconds > 0, connections > 0, sizes.allSatisfy({ $0 > 0 })
    else { throw ValidationError("numbers above zero are expected") }
  }

  func run() async throws {
    let figures = try await options.withDirectory { directory in
      try await self.fill(directory)
      let figures = try await self.measure(directory)
      return figures + (try await self.exactness(directory)) + (try await self.compare(figures, directory))
    }
    try Figure.show(figures, json: options.json)
  }

  // MARK: Filling

  private var crowdCount: Int { owners * memoriesPerOwner }

  private func fill(_ directory: String) async throws {
    let single = sizes.map { BenchFill.Crowd(name: "owner-of-\($0)", ownerCount: 1, count: $0) }
    let crowd = BenchFill.Crowd(name: "crowd", ownerCount: owners, count: crowdCount)
    try await BenchFill(settings: options.settings, directory: directory).run(single + [crowd])
  }

  // MARK: Exactness

  /// Questions across owners that are answered exactly too.
  private static let exactQuestionCount = 30

  /// The share of the ten best memories of all owners that a search across owners finds: the ten best are those of the
  /// same search with every memory as a candidate.
  private func exactness(_ directory: String) async throws -> [Figure] {
    guard crowdCount > 0 else { return [] }
    var settings = options.settings
    settings.dataDir = directory + "/data"
    let system = try await MnemeSystem.open(settings)
    let models = try Models(system.settings)
    let active = try await system.active(models)
    let embedder = try await models.embedder(active.embedding)
    var configuration = system.projection(of: active)
    let reader = try ProjectionReader(directory: system.projectionDirectory, configuration: configuration)
    configuration.bounds.minCandidateCount = crowdCount + sizes.reduce(0, +)
    let exact = try ProjectionReader(directory: system.projectionDirectory, configuration: configuration)
    var (found, wanted) = (0, 0)
    for question in BenchSearchRun.questions("exact", count: Self.exactQuestionCount) {
      let request = SearchRequest(
        query: MemoryQuery(tenant: "default", filter: .isPresent(.userID), notExpiredAt: nil), text: question,
        vector: try await embedder.embed([question])[0], reference: MnemeSystem.environment.now(), limit: 10,
        minimumScore: 0)
      let best = try await exact.search(request).map(\.view.memory.id)
      found += try await reader.search(request).count { best.contains($0.view.memory.id) }
      wanted += best.count
    }
    await models.close()
    await system.log.close()
    return [
      Figure(
        name: "\(owners) owners of \(memoriesPerOwner) memories, across owners: recall@10 to an exact search",
        value: Double(found) / Double(max(wanted, 1)), unit: "")
    ]
  }

  // MARK: Peers

  /// What the peers take, beside what this took in the same run.
  private func compare(_ figures: [Figure], _ directory: String) async throws -> [Figure] {
    guard !peer.isEmpty, let size = sizes.last else { return [] }
    let name = BenchSearchRun.name(ofOwner: size)
    let input = try await self.input(size: size, name, directory)
    var found: [Figure] = []
    for path in peer {
      let answer = try await BenchSearchPeer(path: path, input: input).search()
      var latencies = Latencies()
      for time in answer.milliseconds.dropFirst(BenchSearchRun.warmUpCount) { latencies.add(.milliseconds(time)) }
      for (percentile, share) in [("p50", 0.5), ("p99", 0.99)] {
        let value = latencies.percentile(share)
        found.append(Figure(name: "\(name): \(answer.name): \(percentile)", value: value, unit: "ms"))
        guard let own = figures.first(where: { $0.name == "\(name): \(percentile)" }) else { continue }
        found.append(
          Figure(name: "\(name): \(answer.name), to this: \(percentile)", value: value / own.value, unit: "×"))
      }
    }
    return found
  }

  /// The memories of the owner of `size`, made again as they were filled, and the questions that were asked.
  private func input(size: Int, _ name: String, _ directory: String) async throws -> BenchSearchPeer.Input {
    var settings = options.settings
    settings.dataDir = directory + "/data"
    let system = try await MnemeSystem.open(settings)
    let models = try Models(system.settings)
    let active = try await system.active(models)
    let embedder = try await models.embedder(active.embedding)
    let configuration = system.projection(of: active)
    var source = BenchRecords(
      codec: system.codec, generation: configuration.generation, space: configuration.space,
      dimension: configuration.dimension, ownerCount: 1, name: "owner-of-\(size)",
      vectors: try await BenchVectors(embedder))
    let memories = (0..<size).map { source.plainMemory(ofTurn: $0) }
    var questions: [(text: String, vector: [Float])] = []
    for text in BenchSearchRun.questions(name, count: searches) {
      questions.append((text, try await embedder.embed([text])[0]))
    }
    await models.close()
    await system.log.close()
    return try BenchSearchPeer.Input(
      memories, questions: questions, user: "owner-of-\(size)-0", path: directory + "/peer.jsonl")
  }

  // MARK: Measuring

  private func measure(_ directory: String) async throws -> [Figure] {
    let server = BenchProcess(directory: directory, command: "serve")
    let started = ContinuousClock.now
    try await server.start()
    let run = BenchSearchRun(server: server, searches: searches)
    var figures: [Figure] = []
    let crowd = (0..<owners).map { "crowd-\($0)" }
    if crowdCount > 0 {
      try await run.ask("Who was with me?", .user(crowd[0]))
      figures.append(
        Figure(
          name: "from the start of the process to the first answer",
          value: (ContinuousClock.now - started).inSeconds * 1000, unit: "ms"))
    }
    figures.append(try await run.emptyRequests())
    for size in sizes {
      let user = "owner-of-\(size)-0"
      figures += try await run.figures(BenchSearchRun.name(ofOwner: size), [.user(user)])
      figures += try await run.figures("1 owner, \(size) memories, 10 conditions", [.conditions(user)])
    }
    if crowdCount > 0 {
      let name = "\(owners) owners of \(memoriesPerOwner) memories"
      figures += try await run.figures(name, crowd.map { .user($0) })
      figures.append(await server.residentMemory("memory after that"))
      figures += try await run.figures("\(name), across owners", [.everybody])
      figures.append(await server.residentMemory("memory after that"))
      figures += try await run.throughput(
        "\(name), \(connections) connections", crowd.map { .user($0) }, connections: connections, seconds: seconds)
    }
    if let size = sizes.last {
      figures += try await run.throughput(
        "1 owner, \(size) memories, \(connections) connections", [.user("owner-of-\(size)-0")],
        connections: connections, seconds: seconds)
    }
    await server.stop()
    return figures
  }
}

/// Whose memories a search of the benchmark is about.
enum BenchSubject: Sendable {
  case user(String)
  /// One user's, by ten conditions that all of them meet.
  case conditions(String)
  /// All users' of the tenant.
  case everybody

  var filters: JSONValue {
    switch self {
    case .user(let name): ["user_id": .string(name)]
    case .everybody: ["user_id": "*"]
    case .conditions(let name):
      [
        "AND": [
          ["user_id": .string(name)], ["created_at": ["gte": "2020-01-01"]], ["created_at": ["lt": "2100-01-01"]],
          ["NOT": ["categories": ["in": ["travel", "music"]]]], ["text": ["ne": "nothing"]],
          ["OR": [["metadata": ["channel": "support"]], ["metadata": ["channel": ["ne": "sales"]]]]],
          ["NOT": ["agent_id": "*"]], ["updated_at": ["gte": "2020-01-01"]],
          ["NOT": ["metadata": ["priority": ["gt": 100]]]], ["NOT": ["text": ["contains": "zanzibar"]]],
        ]
      ]
    }
  }
}

/// Measurements on a server that runs.
struct BenchSearchRun: Sendable {
  let server: BenchProcess
  let searches: Int

  /// Searches before the first one that counts.
  static let warmUpCount = 20

  /// What figures of the owner of `size` are called.
  static func name(ofOwner size: Int) -> String { "1 owner, \(size) memories" }

  /// The questions of the measurement of that name, those that do not count first.
  static func questions(_ name: String, count: Int) -> [String] {
    var texts = BenchTexts(seed: UInt64(name.utf8.count))
    return (0..<count + warmUpCount).map { texts.question() + " (\($0))" }
  }

  /// One search; returns how long it took, until the last byte of its answer.
  @discardableResult
  func ask(_ question: String, _ subject: BenchSubject) async throws -> Duration {
    let body: JSONValue = ["query": .string(question), "filters": subject.filters, "top_k": 10, "threshold": 0]
    let (response, elapsed) = try await server.timed(.post, "/v3/memories/search/", body)
    // An answer without hits is a few bytes long.
    guard response.body.count > 200 else { throw CommandFailure("a search found nothing") }
    return elapsed
  }

  /// The floor: what a request costs that reads nothing.
  func emptyRequests() async throws -> Figure {
    var latencies = Latencies()
    for _ in 0..<searches { latencies.add(try await server.timed(.get, "/healthz", nil).elapsed) }
    return Figure(name: "a request that reads nothing: p50", value: latencies.percentile(0.5), unit: "ms")
  }

  /// Percentiles, with the embedding of the question and without it.
  func figures(_ name: String, _ subjects: [BenchSubject]) async throws -> [Figure] {
    var fresh = Latencies()
    var known = Latencies()
    for (number, question) in Self.questions(name, count: searches).enumerated() {
      let subject = subjects[number * 7919 % subjects.count]
      let first = try await ask(question, subject)
      let second = try await ask(question, subject)
      guard number >= Self.warmUpCount else { continue }
      fresh.add(first)
      known.add(second)
    }
    let share = fresh.percentile(0.5) - known.percentile(0.5)
    return [
      Figure(name: "\(name): p50", value: known.percentile(0.5), unit: "ms"),
      Figure(name: "\(name): p99", value: known.percentile(0.99), unit: "ms"),
      Figure(name: "\(name): p50 the first time a question is asked", value: fresh.percentile(0.5), unit: "ms"),
      Figure(name: "\(name): p99 the first time", value: fresh.percentile(0.99), unit: "ms"),
      Figure(name: "\(name): what the first time adds (embedding, and what is read)", value: share, unit: "ms"),
    ]
  }

  /// Searches per second, each connection sending the next one when it has the answer.
  func throughput(
    _ name: String, _ subjects: [BenchSubject], connections: Int, seconds: Int
  ) async throws -> [Figure] {
    let end = ContinuousClock.now.advanced(by: .seconds(seconds))
    let latencies = try await withThrowingTaskGroup(of: [Duration].self) { group in
      for connection in 0..<connections {
        group.addTask {
          var texts = BenchTexts(seed: 5)
          let questions = (0..<50).map { _ in texts.question() }
          var found: [Duration] = []
          while ContinuousClock.now < end {
            let number = found.count * connections + connection
            found.append(try await self.ask(questions[number % 50], subjects[number * 7919 % subjects.count]))
          }
          return found
        }
      }
      var all = Latencies()
      var count = 0
      for try await found in group {
        for latency in found { all.add(latency) }
        count += found.count
      }
      return (all, count)
    }
    return [
      Figure(name: "\(name): searches", value: Double(latencies.1) / Double(seconds), unit: "1/s"),
      Figure(name: "\(name): p99", value: latencies.0.percentile(0.99), unit: "ms"),
    ]
  }
}

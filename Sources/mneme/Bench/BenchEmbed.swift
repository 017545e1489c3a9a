import ArgumentParser
import BuiltInModels
import FoundationEssentials
import MnemeCore

/// `mneme bench embed`: sentences per second of the embedder in process, beside the processor's limit and a peer.
struct BenchEmbed: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "embed",
    abstract: "Sentences per second of the built-in embedder, with 32-bit floats and with bytes.",
    discussion: """
      The limit is what the kernels' own register tile reaches over operands in the first cache; the share is that of \
      the model's linear maps alone, attention and all else counting as idleness. Rounds alternate with those of the \
      peer; the best round of each counts.

      A peer is a program, called as PEER float32|int8 THREADS, with the sentences on standard input, one a line, the \
      shortest first. It embeds them at its best and prints one JSON document: {"sentences_per_second": 123.4, \
      "sentences_per_processor_second": 120.1, "vectors": [[0.1, …], …]}, a vector of norm 1 for each sentence, in \
      order; the rate per second of processor time may be missing. Its vectors of float32 are what cosines are \
      measured against; without a peer, this program's own of float32 are. On a machine that does other work too, \
      compare the rates per second of processor time, on one thread.
      """)

  @Option(help: "Text file of sentences, one a line; not given: made-up ones.") var sentences: String?
  @Option(help: "How many made-up sentences.") var count = 2000
  @Option(help: "Numbers of threads; not given: one, and as many as processors.") var threads: [Int] = []
  @Option(help: "Rounds, of which the best counts.") var rounds = 3
  @Option(help: "Single queries, one after the other.") var queries = 300
  @Option(help: "Program to compare with; see above.") var peer: String?
  @OptionGroup var options: BenchOptions

  /// Most sentences of a file that are read.
  private static let maxSentenceCount = 100_000
  /// Queries that are not counted, as they warm caches.
  private static let warmUpCount = 20

  func validate() throws {
    guard count > 0, rounds > 0, queries > 0, threads.allSatisfy({ $0 > 0 }) else {
      throw ValidationError("numbers above zero are expected")
    }
  }

  func run() async throws {
    let files = try Settings.load(options.settings).miniLMFiles()
    let texts = try texts()
    let threadCounts = threads.isEmpty ? Array(Set([1, MiniLM.defaultThreadCount])).sorted() : threads
    var cases: [Case] = []
    for threadCount in threadCounts {
      for precision in [MiniLM.Precision.float32, .int8] {
        cases.append(
          Case(
            precision: precision, threadCount: threadCount,
            model: try MiniLM(files: files, precision: precision, threadCount: threadCount)))
      }
    }
    let measured = cases
    let figures = try await options.withDirectory { directory in
      let peer = try self.peer.map { try BenchPeer(path: $0, sentences: texts, directory: directory) }
      return try await self.measure(measured, texts, peer)
    }
    try Figure.show(figures, json: options.json)
  }

  /// The shortest first, so that whoever pads a batch pads little.
  private func texts() throws -> [String] {
    guard let sentences else {
      var source = BenchTexts(seed: 3)
      return (0..<count).map { source.statement($0) }.sorted { ($0.utf8.count, $0) < ($1.utf8.count, $1) }
    }
    guard let text = try? String(contentsOfFile: sentences, encoding: .utf8) else {
      throw CommandFailure("cannot read \(sentences) as text in UTF-8")
    }
    let lines = text.split(whereSeparator: \.isNewline).prefix(Self.maxSentenceCount).map(String.init)
    guard !lines.isEmpty else { throw CommandFailure("\(sentences) holds no line") }
    return lines.sorted { ($0.utf8.count, $0) < ($1.utf8.count, $1) }
  }

  // MARK: Measuring

  /// One precision on so many threads, and the best of it so far.
  private struct Case {
    let precision: MiniLM.Precision
    let threadCount: Int
    let model: MiniLM
    var rate = 0.0
    var limit = 0.0
    var processorRate = 0.0
    var peerRate = 0.0
    var peerProcessorRate = 0.0

    mutating func embed(_ texts: [String]) async throws -> [[Float]] {
      let (start, processorStart) = (ContinuousClock.now, ProcessUsage.processorTime)
      let vectors = try await model.embed(texts)
      let (elapsed, processorTime) = (ContinuousClock.now - start, ProcessUsage.processorTime - processorStart)
      rate = max(rate, Double(texts.count) / elapsed.inSeconds)
      processorRate = max(processorRate, Double(texts.count) / processorTime.inSeconds)
      return vectors
    }

    var name: String { "\(precision.rawValue), \(threadCount) \(threadCount == 1 ? "thread" : "threads")" }
  }

  private func measure(_ cases: [Case], _ texts: [String], _ peer: BenchPeer?) async throws -> [Figure] {
    var cases = cases
    var vectors: [MiniLM.Precision: [[Float]]] = [:]
    var reference: [[Float]]?
    let bar = ProgressBar("rounds", unit: "measurements")
    for round in 0..<rounds {
      for index in cases.indices {
        bar.update(round * cases.count + index, of: rounds * cases.count)
        let (precision, threadCount) = (cases[index].precision, cases[index].threadCount)
        let limit = await ProductLimit.operationsPerSecond(precision, threadCount: threadCount)
        cases[index].limit = max(cases[index].limit, limit)
        vectors[precision] = try await cases[index].embed(texts)
        guard let answer = try await peer?.embed(precision, threadCount: threadCount) else { continue }
        cases[index].peerRate = max(cases[index].peerRate, answer.rate)
        cases[index].peerProcessorRate = max(cases[index].peerProcessorRate, answer.processorRate ?? 0)
        if precision == .float32 { reference = answer.vectors }
      }
    }
    bar.finish(rounds * cases.count)
    var figures: [Figure] = []
    let operations = Double(cases[0].model.linearOperationCount(texts)) / Double(texts.count)
    for item in cases { figures += self.figures(item, operationsPerSentence: operations) }
    for item in cases where item.threadCount == cases.last?.threadCount { figures += try await measureQueries(item) }
    let basis = reference ?? vectors[.float32] ?? []
    for (precision, vectors) in vectors.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
      guard reference != nil || precision != .float32 else { continue }
      figures += Self.cosines(vectors, basis, "\(precision.rawValue) with \(reference == nil ? "float32" : "the peer")")
    }
    return figures
  }

  private func figures(_ item: Case, operationsPerSentence: Double) -> [Figure] {
    // Of one thread's own time, so that what else the machine does is no idleness of ours.
    let used = item.processorRate * Double(item.threadCount) * operationsPerSentence
    var figures = [
      Figure(name: item.name, value: item.rate, unit: "sentences/s"),
      Figure(name: item.name, value: item.processorRate, unit: "sentences per second of processor time"),
      Figure(name: "\(item.name): limit of the product", value: item.limit / 1e9, unit: "billion operations/s"),
      Figure(name: "\(item.name): share of the limit", value: 100 * used / item.limit, unit: "%"),
    ]
    if item.peerRate > 0 {
      figures += [
        Figure(name: "\(item.name): peer", value: item.peerRate, unit: "sentences/s"),
        Figure(name: "\(item.name): to the peer", value: item.rate / item.peerRate, unit: "×"),
      ]
    }
    if item.peerProcessorRate > 0 {
      figures += [
        Figure(
          name: "\(item.name): peer", value: item.peerProcessorRate, unit: "sentences per second of processor time"),
        Figure(
          name: "\(item.name): to the peer, by processor time", value: item.processorRate / item.peerProcessorRate,
          unit: "×"),
      ]
    }
    return figures
  }

  private func measureQueries(_ item: Case) async throws -> [Figure] {
    var source = BenchTexts(seed: 7)
    var latencies = Latencies()
    for index in 0..<queries + Self.warmUpCount {
      let question = source.question()
      let start = ContinuousClock.now
      _ = try await item.model.embed([question])
      if index >= Self.warmUpCount { latencies.add(.now - start) }
    }
    return [
      Figure(name: "one query, \(item.precision.rawValue): p50", value: latencies.percentile(0.5), unit: "ms"),
      Figure(name: "one query, \(item.precision.rawValue): p99", value: latencies.percentile(0.99), unit: "ms"),
    ]
  }

  private static func cosines(_ vectors: [[Float]], _ basis: [[Float]], _ name: String) -> [Figure] {
    let cosines = zip(vectors, basis).map { a, b in
      zip(a, b).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
    }
    return [
      Figure(name: "cosine of \(name): mean", value: cosines.reduce(0, +) / Double(max(1, cosines.count)), unit: ""),
      Figure(name: "cosine of \(name): least", value: cosines.min() ?? 0, unit: ""),
    ]
  }
}

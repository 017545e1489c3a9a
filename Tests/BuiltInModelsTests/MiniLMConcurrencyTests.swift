import LanguageModel
import MnemeTesting
import Testing

@testable import BuiltInModels

@Suite struct MiniLMConcurrencyTests {
  @Test func `concurrent calls share the threads and do not mix`() async throws {
    let model = try MiniLMFixture.shared(.int8)
    let texts = try MiniLMFixture.sentences().map(\.text)
    let expected = try await model.embed(texts)
    try await withThrowingTaskGroup(of: (Range<Int>, [[Float]]).self) { group in
      for seed in UInt64(1)...20 {
        var random = MiniLMRandom(seed: seed)
        let start = Int.random(in: 0..<texts.count, using: &random)
        let range = start..<Int.random(in: start + 1...texts.count, using: &random)
        group.addTask { (range, try await model.embed(Array(texts[range]))) }
      }
      for try await (range, vectors) in group { #expect(vectors == Array(expected[range])) }
    }
  }

  @Test func `a query passes a huge call, and cancelling ends that one`() async throws {
    let model = try MiniLM(files: MiniLMFixture.files(), threadCount: 1)
    // Minutes of work: were the query to wait for it, the huge call would return and not be cancelled.
    let huge = Task { try await model.embed(Array(repeating: "said again and again", count: 200_000)) }
    try await eventually("a call") { model.threads.callCount == 1 }
    for _ in 0..<5 { #expect(try await model.embed(["where did she go?"]).count == 1) }
    huge.cancel()
    await #expect(throws: CancellationError.self) { try await huge.value }
    #expect(model.threads.callCount == 0)
  }

  @Test func `a task cancelled before it calls gets no vectors`() async throws {
    let model = try MiniLMFixture.shared(.automatic)
    for isTokenized in [false, true] {
      let task = Task {
        withUnsafeCurrentTask { $0?.cancel() }
        return try await isTokenized ? model.threads.encode([[101, 102]]) : model.embed(["never mind"])
      }
      await #expect(throws: CancellationError.self) { try await task.value }
    }
  }

  @Test func `threads end with the model`() async throws {
    var model: MiniLM? = try MiniLM(files: MiniLMFixture.files(), threadCount: 3)
    let threads = model!.threads
    #expect(threads.runningCount == 3)
    #expect(try await model!.embed(["one", "two"]).count == 2)
    model = nil
    try await eventually("no call is under way") { threads.runningCount == 0 }
    await #expect(throws: ModelError.self) { try await threads.encode([[101, 102]]) }
  }

  @Test func `calls take turns, one group each`() {
    var queue = GroupQueue<String>(maxCallCount: 3)
    let texts: [[UInt16]] = [[1], [2], [3]]
    #expect(queue.admit(1, texts: texts, groups: [[2], [0], [1]], reply: "long") == .waiting)
    #expect(queue.admit(2, texts: [[9]], groups: [[0]], reply: "short") == .waiting)
    #expect(queue.admit(3, texts: texts, groups: [[0, 1], [2]], reply: "middle") == .waiting)
    #expect(queue.admit(4, texts: [[9]], groups: [[0]], reply: "excess") == .full)
    var order: [String] = []
    while case .encode(let assignment) = queue.next() {
      order.append("\(assignment.call):\(assignment.texts)")
      let vectors = assignment.texts.map { $0.map(Float.init) }
      if let (reply, all) = queue.finish(assignment, vectors) { order.append("\(reply) \(all)") }
    }
    #expect(
      order == [
        "1:[[3]]", "2:[[9]]", "short [[9.0]]", "3:[[1], [2]]", "1:[[1]]", "3:[[3]]", "middle [[1.0], [2.0], [3.0]]",
        "1:[[2]]", "long [[1.0], [2.0], [3.0]]",
      ])
    #expect(queue.callCount == 0)
  }

  @Test func `a cancelled call is forgotten, even while a thread works for it`() {
    var queue = GroupQueue<String>(maxCallCount: 3)
    #expect(queue.admit(1, texts: [[1], [2]], groups: [[0], [1]], reply: "one") == .waiting)
    #expect(queue.admit(2, texts: [[5]], groups: [[0]], reply: "two") == .waiting)
    guard case .encode(let running) = queue.next() else { return #expect(Bool(false), "nothing to do") }
    #expect(queue.cancel(1) == "one")
    #expect(queue.cancel(1) == nil)
    #expect(queue.finish(running, [[1]]) == nil)
    guard case .encode(let next) = queue.next() else { return #expect(Bool(false), "nothing to do") }
    #expect(next.call == 2)
    #expect(queue.close() == ["two"])
    #expect(queue.finish(next, [[5]]) == nil)
    guard case .exit = queue.next() else { return #expect(Bool(false), "a closed queue lets threads exit") }
    #expect(queue.admit(3, texts: [[1]], groups: [[0]], reply: "three") == .closed)
  }

  @Test(arguments: UInt64(1)...60)
  func `groups hold every text once, within the bound, evenly`(seed: UInt64) {
    var random = MiniLMRandom(seed: seed)
    let longest = [3, 30, 256].randomElement(using: &random)!
    let lengths = (0..<Int.random(in: 1...512, using: &random)).map { _ in Int.random(in: 2...longest, using: &random) }
    let workers = Int.random(in: 1...4, using: &random)
    let groups = Grouping.groups(lengths: lengths, maxTokenCount: 256, workerCount: workers)
    #expect(groups.joined().sorted() == Array(lengths.indices), "seed \(seed)")
    let sizes = groups.map { $0.reduce(0) { $0 + lengths[$1] } }
    #expect(sizes.allSatisfy { (1...256).contains($0) }, "seed \(seed)")
    #expect(sizes.max()! - sizes.min()! <= longest, "seed \(seed)")
  }

  @Test func `a short call is one group, a longer one a group for each thread`() {
    for (lengths, workers, expected) in [
      ([8], 4, 1), ([20, 20], 2, 1), ([50, 50], 2, 2), ([50, 50], 4, 2), (Array(repeating: 20, count: 32), 2, 4),
      (Array(repeating: 256, count: 5), 2, 5),
    ] {
      let groups = Grouping.groups(lengths: lengths, maxTokenCount: 256, workerCount: workers)
      #expect(groups.count == expected, "\(lengths) for \(workers)")
    }
  }
}

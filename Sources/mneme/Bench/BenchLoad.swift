import ArgumentParser
import CurlHTTP
import FoundationEssentials
import Glibc
import MnemeCore

/// `mneme bench load`: many connections that search and add at once, for a while.
struct BenchLoad: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "load", abstract: "Searches and adds of many connections at once, for a while.",
    discussion: """
      Fills a log, starts a mneme up of its own, and keeps connections open that send one request after the other: of \
      ten, nine searches and one add of a message that is kept as it was said. No question is asked twice, so that \
      each has its embedding made. Afterwards every add has to have an outcome, and every owner as many memories as \
      were given to it; anything else ends with an error, as does a request that is not answered with 200.

      With --rate, requests begin evenly, and how long one takes counts from when it should have begun; without, each \
      connection sends the next one when it has its answer. Before that, adds are sent one by one: at 20 a second, \
      then one after the other, answered once the turn is on disk; then answered once the memory can be searched.
      """)

  @Option(help: "Connections that are kept.") var connections = 2000
  @Option(help: "Seconds that they send.") var seconds = 60
  @Option(help: "Requests a second of all connections together; not given: as many as there can be.") var rate: Double?
  @Option(help: "Owners.") var owners = 1000
  @Option(help: "Memories of each of them at first.") var memoriesPerOwner = 20
  @Option(help: "Adds that are sent one by one at first.") var adds = 1000
  @OptionGroup var options: BenchOptions

  /// How long outcomes may take after the last request.
  private static let maxSettlingDuration: Duration = .seconds(120)
  private static let checkInterval: Duration = .milliseconds(200)

  func validate() throws {
    guard connections > 0, seconds > 0, owners > 0, memoriesPerOwner > 0, adds >= 0, rate.map({ $0 > 0 }) ?? true else {
      throw ValidationError("numbers above zero are expected")
    }
  }

  func run() async throws {
    guard OpenFiles.makeRoom(connections: connections, partitions: 0) >= connections else {
      throw CommandFailure("this process may not have \(connections) connections")
    }
    let figures = try await options.withDirectory { directory in
      let crowd = BenchFill.Crowd(name: "crowd", ownerCount: owners, count: owners * memoriesPerOwner)
      try await BenchFill(settings: options.settings, directory: directory).run([crowd])
      // What the kernel still has to write of that is no part of what is measured.
      sync()
      let server = BenchProcess(directory: directory)
      try await server.start()
      let result: Result<[Figure], any Error>
      do { result = .success(try await self.measure(server)) } catch { result = .failure(error) }
      await server.stop()
      return try result.get()
    }
    try Figure.show(figures, json: options.json)
  }

  private func measure(_ server: BenchProcess) async throws -> [Figure] {
    let before = try await memoryCount(server)
    var figures = try await addOneByOne(server)
    let client = LoadClient(
      port: await server.port, connectionCount: connections, rate: rate, duration: .seconds(seconds))
    async let memory = watchMemory(server)
    let (owners, adds) = (owners, adds)
    let result = try await client.run { connection, number in
      Self.request(connection, number, owners: owners, firstTurn: adds)
    }
    figures += try await memory
    guard result.failures.isEmpty else {
      throw CommandFailure("requests failed: \(result.failures.sorted { $0.key < $1.key })")
    }
    for kind in LoadClient.Kind.allCases {
      let latencies = result.latencies[kind] ?? Latencies()
      figures.append(
        Figure(name: "\(kind.rawValue)", value: Double(latencies.count) / Double(seconds), unit: "1/s"))
      figures.append(Figure(name: "\(kind.rawValue): p50", value: latencies.percentile(0.5), unit: "ms"))
      figures.append(Figure(name: "\(kind.rawValue): p99", value: latencies.percentile(0.99), unit: "ms"))
    }
    let settling = ContinuousClock.now
    let wanted = before + adds + result.added.count
    try await waitForOutcomes(server, of: result.added)
    let found = try await memoryCount(server)
    guard found == wanted else { throw CommandFailure("\(wanted) memories were to be there, \(found) are") }
    figures.append(Figure(name: "adds without an outcome", value: 0, unit: "of \(adds + result.added.count)"))
    figures.append(
      Figure(name: "until all could be searched", value: (ContinuousClock.now - settling).inSeconds, unit: "s"))
    figures.append(await server.residentMemory("memory at the end"))
    return figures
  }

  // MARK: Requests

  private static func request(_ connection: Int, _ number: Int, owners: Int, firstTurn: Int) -> LoadClient.Request {
    // Numbers of a connection lie far apart from those of the next one, and begin behind what was sent before.
    let place = firstTurn + connection * 1_000_000 + number
    let owner = "crowd-\((connection * 7919 + number * 104_729) % owners)"
    var texts = BenchTexts(seed: UInt64(place))
    guard (number + connection) % 10 == 0 else {
      let body: JSONValue = [
        "query": .string("\(texts.question()) (\(place))"), "filters": ["user_id": .string(owner)], "top_k": 10,
        "threshold": 0,
      ]
      return LoadClient.Request(path: "/v3/memories/search/", body: EventBodyCoding.encode(body), kind: .search)
    }
    return LoadClient.Request(
      path: acknowledgedPath, body: EventBodyCoding.encode(addition(place, owner, &texts)), kind: .add)
  }

  private static func addition(_ place: Int, _ owner: String, _ texts: inout BenchTexts) -> JSONValue {
    [
      "messages": [["role": "user", "content": .string(texts.statement(place))]], "user_id": .string(owner),
      "infer": false, "event_id": .string("load-\(place)"),
    ]
  }

  /// Answered once the turn is on disk.
  private static let acknowledgedPath = "/v3/memories/add/?wait=false"
  /// Answered once its memories can be searched.
  private static let awaitedPath = "/v3/memories/add/?wait=true"

  /// Adds before the first one that counts, each awaited: a server that has just started reads what it needs for the
  /// first ones, and a pipeline on a log that it has never seen folds that first.
  private static let warmUpCount = 50

  /// Between the beginnings of two adds that have the machine for themselves: time for all that follows from one.
  private static let pacedInterval: Duration = .milliseconds(50)

  /// Adds that are measured in one way.
  private struct AddSeries {
    let name: String
    let path: String
    let numbers: Range<Int>
    /// Between the beginnings of two of them, at least.
    var interval: Duration = .zero
  }

  /// What adds take where nothing else is asked: until they are acknowledged, and until they can be searched.
  private func addOneByOne(_ server: BenchProcess) async throws -> [Figure] {
    let warm = min(Self.warmUpCount, adds)
    _ = try await add(AddSeries(name: "warming up", path: Self.awaitedPath, numbers: 0..<warm), server)
    let half = warm + (adds - warm) / 2
    let threeQuarters = half + (adds - half) / 2
    var figures: [Figure] = []
    for series in [
      AddSeries(
        name: "acknowledged, 20 a second", path: Self.acknowledgedPath, numbers: warm..<half,
        interval: Self.pacedInterval),
      AddSeries(name: "acknowledged, one after the other", path: Self.acknowledgedPath, numbers: half..<threeQuarters),
      AddSeries(name: "searchable, one after the other", path: Self.awaitedPath, numbers: threeQuarters..<adds),
    ] {
      let (begin, stolen) = (ContinuousClock.now, ProcessUsage.stolenTime)
      let latencies = try await add(series, server)
      let takenShare = (ProcessUsage.stolenTime - stolen) / (ContinuousClock.now - begin)
      figures += [("p50", 0.5), ("p99", 0.99)].map { percentile, share in
        Figure(name: "an add by itself, \(series.name): \(percentile)", value: latencies.percentile(share), unit: "ms")
      }
      // Where others had the processor, latencies are theirs, too.
      figures.append(
        Figure(name: "an add by itself, \(series.name): taken by others", value: 100 * takenShare, unit: "% of a core"))
    }
    return figures
  }

  private func add(_ series: AddSeries, _ server: BenchProcess) async throws -> Latencies {
    var latencies = Latencies()
    for number in series.numbers {
      let next = ContinuousClock.now + series.interval
      var texts = BenchTexts(seed: UInt64(number))
      let body = Self.addition(number, "crowd-\(number % owners)", &texts)
      latencies.add(try await server.timed(.post, series.path, body).elapsed)
      try await Task.sleep(until: next)
    }
    return latencies
  }

  // MARK: Afterwards

  /// Resident memory after a third of the time, and at its end.
  private func watchMemory(_ server: BenchProcess) async throws -> [Figure] {
    try await Task.sleep(for: .seconds(seconds) / 3)
    let third = await server.residentMemory("memory after a third of the time")
    try await Task.sleep(for: .seconds(seconds) * 2 / 3)
    return [third, await server.residentMemory("memory after all of it")]
  }

  private func memoryCount(_ server: BenchProcess) async throws -> Int {
    let page = try await server.timed(
      .post, "/v3/memories/?page=1&page_size=1", ["filters": ["user_id": "*"]])
    let reply = try EventBodyCoding.decode(JSONValue.self, from: page.response.body)
    guard case .int(let count)? = reply["count"] else { throw CommandFailure("a list has no count") }
    return Int(count)
  }

  /// Returns once each of the events that additions were answered with has succeeded.
  private func waitForOutcomes(_ server: BenchProcess, of replies: [[UInt8]]) async throws {
    let deadline = ContinuousClock.now + Self.maxSettlingDuration
    for reply in replies {
      guard case .string(let id)? = try EventBodyCoding.decode(JSONValue.self, from: reply)["event_id"] else {
        throw CommandFailure("an add was acknowledged without an event id")
      }
      while true {
        let event = try await server.timed(.get, "/v1/event/\(id)/", nil).response
        let status = try EventBodyCoding.decode(JSONValue.self, from: event.body)["status"]
        if status == "SUCCEEDED" { break }
        guard status == "PENDING" || status == "RUNNING", ContinuousClock.now < deadline else {
          throw CommandFailure("an add has no outcome after \(Self.maxSettlingDuration)")
        }
        try await Task.sleep(for: Self.checkInterval)
      }
    }
  }
}

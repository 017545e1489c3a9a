import ArgumentParser
import EventLog
import MnemeCore
import MnemePipeline
import MnemeProjection

/// `mneme bench log`: the log by itself, and from publish to searchable. Run it once for each log: the settings name
/// it.
struct BenchLog: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "log",
    abstract: "Records per second of the log, and publish-to-searchable latency with the built-in extractor.",
    discussion: """
      Measures the log that --log names: the embedded one, or brokers. Topics on brokers are made under a prefix of \
      their own, and deleted afterwards.
      """)

  @Option(help: "Records that are produced and consumed.") var records = 50_000
  @Option(help: "Appends in flight.") var inFlight = 1000
  @Option(help: "Turns per second of the paced measurement.") var rate = 100
  @Option(help: "Seconds of the paced measurement.") var seconds = 20
  @Option(help: "Turns of the measurement at saturation.") var turns = 2000
  @OptionGroup var options: BenchOptions

  private static let topic = "mneme.bench"
  private static let partitionCount = 4
  private static let valueByteCount = 500

  func run() async throws {
    var settings = options.settings
    settings.kafkaPrefix = "bench-\(UInt64.random(in: 0 ... .max))."
    let chosen = settings
    let figures = try await options.withDirectory { directory in
      try await BenchServer.run(chosen, directory: directory) { server in
        let log = server.roles.system.log
        do {
          let figures = try await self.measureLog(log)
          // What follows is not to wait for what stands in the way of nobody else.
          try await Self.deleteTopics(log)
          _ = try await self.searchable(server, prefix: "warm", count: 200, interval: .milliseconds(10))
          return try await figures + self.paced(server) + self.saturated(server)
        } catch {
          try? await Self.deleteTopics(log)
          throw error
        }
      }
    }
    try Figure.show(figures, json: options.json)
  }

  private static func deleteTopics(_ log: any EventLog) async throws {
    for topic in try await log.topics() where topic.name == Self.topic { try await log.deleteTopic(topic.name) }
  }

  // MARK: The log

  private func measureLog(_ log: any EventLog) async throws -> [Figure] {
    try await log.ensureTopics([
      TopicSpecification(name: Self.topic, partitionCount: Self.partitionCount, retention: .age(.seconds(3600)))
    ])
    let started = ContinuousClock.now
    let latencies = try await produce(log)
    let produced = (ContinuousClock.now - started).inSeconds
    let consumed = try await consume(log)
    return [
      Figure(name: "produced, one record an append", value: Double(records) / produced, unit: "records/s"),
      Figure(name: "append p50", value: latencies.percentile(0.5), unit: "ms"),
      Figure(name: "append p99", value: latencies.percentile(0.99), unit: "ms"),
      Figure(name: "consumed by a group", value: Double(records) / consumed, unit: "records/s"),
    ]
  }

  private func produce(_ log: any EventLog) async throws -> Latencies {
    let value = [UInt8](repeating: UInt8(ascii: "x"), count: Self.valueByteCount)
    return try await withThrowingTaskGroup(of: Latencies.self) { group in
      for task in 0..<inFlight {
        group.addTask {
          var latencies = Latencies()
          for number in stride(from: task, to: records, by: inFlight) {
            let record = NewRecord(
              topic: Self.topic, key: nil, value: value, headers: [], partition: number % Self.partitionCount)
            let started = ContinuousClock.now
            _ = try await log.append([record])
            latencies.add(.now - started)
          }
          return latencies
        }
      }
      return try await group.reduce(into: Latencies()) { $0.add($1) }
    }
  }

  /// Seconds from the assignment to the last record, a commit after each poll.
  private func consume(_ log: any EventLog) async throws -> Double {
    let consumer = try await log.subscribe(group: "mneme.bench", topics: [Self.topic], instance: nil)
    var started: ContinuousClock.Instant?
    var count = 0
    while count < records {
      let result = try await consumer.poll(limit: ReadLimit(maxRecordCount: 1000), timeout: .seconds(1))
      if !result.assigned.isEmpty, started == nil { started = .now }
      count += result.records.count
      var offsets: [TopicPartition: Int64] = [:]
      for record in result.records { offsets[record.position.topicPartition] = record.position.offset + 1 }
      if !offsets.isEmpty { try await consumer.commit(appending: [], offsets: offsets) }
    }
    let seconds = (ContinuousClock.now - (started ?? .now)).inSeconds
    await consumer.close()
    return seconds
  }

  // MARK: From publish to searchable

  private func paced(_ server: BenchServer) async throws -> [Figure] {
    let latencies = try await searchable(server, prefix: "paced", count: rate * seconds, interval: .seconds(1) / rate)
    return [
      Figure(name: "searchable at \(rate) turns/s: p50", value: latencies.percentile(0.5), unit: "ms"),
      Figure(name: "searchable at \(rate) turns/s: p99", value: latencies.percentile(0.99), unit: "ms"),
    ]
  }

  private func saturated(_ server: BenchServer) async throws -> [Figure] {
    let started = ContinuousClock.now
    let latencies = try await searchable(server, prefix: "full", count: turns, interval: nil)
    let elapsed = (ContinuousClock.now - started).inSeconds
    return [
      Figure(name: "searchable at saturation", value: Double(turns) / elapsed, unit: "turns/s"),
      Figure(name: "searchable at saturation: p50", value: latencies.percentile(0.5), unit: "ms"),
      Figure(name: "searchable at saturation: p99", value: latencies.percentile(0.99), unit: "ms"),
    ]
  }

  /// Publishes turns of fifty owners straight to the log, and takes the time until the projection has each one's
  /// outcome.
  private func searchable(
    _ server: BenchServer, prefix: String, count: Int, interval: Duration?
  ) async throws -> Latencies {
    let begin = ContinuousClock.now
    return try await withThrowingTaskGroup(of: Duration.self) { group in
      var latencies = Latencies()
      var running = 0
      for number in 0..<count {
        if let interval { try await Task.sleep(until: begin + interval * number, clock: .continuous) }
        // At saturation, as many wait as a platform would let wait.
        if interval == nil, running >= inFlight, let duration = try await group.next() {
          latencies.add(duration)
          running -= 1
        }
        group.addTask { try await Self.publish(number, prefix, server) }
        running += 1
      }
      for try await duration in group { latencies.add(duration) }
      return latencies
    }
  }

  private static let maxWait: Duration = .seconds(120)

  private static func publish(_ number: Int, _ prefix: String, _ server: BenchServer) async throws -> Duration {
    var texts = BenchTexts(seed: UInt64(number))
    let system = server.roles.system
    let owner = OwnerKey(tenant: MnemeSystem.tenant, owner: Owner(kind: .user, id: "\(prefix)-\(number % 50)"))
    let id = "\(prefix)-\(number)"
    let body = TurnBody(
      scope: Scope(userID: "\(prefix)-\(number % 50)"),
      messages: [Message(role: "user", content: texts.statement(number))])
    let event = CloudEvent(
      id: id, type: EventType.turnRecorded.rawValue, source: "mneme-bench", time: MnemeSystem.now(), owner: owner,
      data: EventBodyCoding.encode(body))
    let record = try system.codec.encode(event, topic: Topics.turns)
    let started = ContinuousClock.now
    let position = try await system.log.append([record])[0]
    let isThere = try await server.roles.reader.wait(
      forTurnsPartition: position.topicPartition.partition, offset: position.offset, timeout: maxWait)
    guard isThere else { throw CommandFailure("turn \(id) is not searchable after \(maxWait)") }
    return .now - started
  }
}

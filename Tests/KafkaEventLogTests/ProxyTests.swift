import Glibc
import Synchronization
import Testing

@testable import MnemeTesting

/// The fixtures that the tests of the Kafka log stand on: broker, proxy and cluster, with real processes and sockets.
@Suite("ProxyTests")
struct ProxyTests {
  /// Longer than any test may take: what is held so long is held for ever.
  static let ever = Duration.seconds(86_400)

  /// A broker with a proxy in front, for one test.
  private func withBroker(
    fetchPace: Duration = .zero, _ body: (KafkaBroker, KafkaProxy) async throws -> Void
  ) async throws {
    let broker = try await KafkaBroker.start()
    let proxy = try KafkaProxy(broker: broker, fetchPace: fetchPace)
    let result: Result<Void, any Error>
    do { result = .success(try await body(broker, proxy)) } catch { result = .failure(error) }
    await proxy.stop()
    await broker.stop()
    try result.get()
  }

  /// Waits until nothing listens on a port any more.
  private func waitUntilSilent(port: Int) async throws {
    let deadline = ContinuousClock.now + .seconds(30)
    while KafkaRawConnection.isListening(port: port) {
      try #require(ContinuousClock.now < deadline, "something listens on port \(port) after 30 s")
      try await Task.sleep(for: .milliseconds(5))
    }
  }

  @Test("Answers that name brokers name the proxy's port, and records pass unchanged")
  func advertisedPort() async throws {
    try await withBroker { broker, proxy in
      let direct = try KafkaRawConnection(port: broker.port)
      #expect(try await direct.advertisedPorts() == Array(repeating: broker.port, count: 3))
      let client = try KafkaRawConnection(port: proxy.port)
      #expect(try await client.advertisedPorts() == Array(repeating: proxy.port, count: 3))
      #expect(proxy.bootstrap == "127.0.0.1:\(proxy.port)" && proxy.port != broker.port)

      try await client.createTopic("t")
      #expect(try await client.produce(["one", "two"], to: "t") == 0)
      #expect(try await client.produce(["three"], to: "t") == 2)
      #expect(try await client.endOffset(of: "t") == 3)
      let records = try await client.fetch("t", from: 0)
      #expect(try await direct.fetch("t", from: 0) == records)
      #expect(String(decoding: records, as: UTF8.self).contains("three"))
      #expect(proxy.requestCount(apiKey: .produce) == 2)
      #expect(proxy.requestCount(apiKey: .heartbeat) == 0)
    }
  }

  @Test("A large record passes both ways")
  func largeRecord() async throws {
    try await withBroker { _, proxy in
      let client = try KafkaRawConnection(port: proxy.port)
      try await client.createTopic("t")
      let text = String(repeating: "0123456789", count: 90_000)
      try await client.produce([text], to: "t")
      #expect(try await client.fetch("t", from: 0).count > text.utf8.count)
    }
  }

  @Test("A dropped request never reaches the broker; the connection closes without an answer")
  func dropRequest() async throws {
    try await withBroker { broker, proxy in
      let direct = try KafkaRawConnection(port: broker.port)
      try await direct.createTopic("t")
      let seen = Mutex<[KafkaRequestFrame]>([])
      proxy.setFault { request in
        seen.withLock { $0.append(request) }
        return request.apiKey == .produce ? .dropRequest : .pass
      }
      let client = try KafkaRawConnection(port: proxy.port)
      #expect(try await client.endOffset(of: "t") == 0)
      let id = try await client.send(
        .produce, version: 3, body: KafkaRawConnection.produceBody(["lost"], to: "t"))
      #expect(try await client.receive() == nil)
      #expect(try await direct.endOffset(of: "t") == 0)
      #expect(proxy.requestCount(apiKey: .produce) == 1)

      let produce = try #require(seen.withLock { $0.last })
      #expect(produce.apiKey == .produce && produce.apiVersion == 3 && produce.correlationID == id)
      #expect(produce.clientID == "mneme-test")
    }
  }

  @Test("A dropped answer closes the connection after the broker has applied the request")
  func dropAnswer() async throws {
    try await withBroker { broker, proxy in
      let direct = try KafkaRawConnection(port: broker.port)
      try await direct.createTopic("t")
      // The next Produce only.
      proxy.setFault { request in
        guard request.apiKey == .produce else { return .pass }
        proxy.setFault(nil)
        return .dropAnswer
      }
      let client = try KafkaRawConnection(port: proxy.port)
      try await client.send(.produce, version: 3, body: KafkaRawConnection.produceBody(["kept"], to: "t"))
      #expect(try await client.receive() == nil)
      #expect(try await direct.endOffset(of: "t") == 1)

      let retry = try KafkaRawConnection(port: proxy.port)
      #expect(try await retry.produce(["again"], to: "t") == 1)
    }
  }

  @Test("A delayed answer comes no earlier, in order, and holds no other connection")
  func delay() async throws {
    try await withBroker { _, proxy in
      proxy.setFault { $0.apiKey == .metadata ? .delay(.milliseconds(200)) : .pass }
      let client = try KafkaRawConnection(port: proxy.port)
      let start = ContinuousClock.now
      var topics = KafkaWriter()
      topics.integer(Int32(0))
      let held = try await client.send(.metadata, version: 1, body: topics)
      let behind = try await client.send(.apiVersions, version: 0, body: KafkaWriter())
      #expect(try await client.receive()?.id == held)
      #expect(ContinuousClock.now - start >= .milliseconds(200))
      #expect(try await client.receive()?.id == behind)

      proxy.setFault { $0.apiKey == .metadata ? .delay(Self.ever) : .pass }
      try await client.send(.metadata, version: 1, body: topics)
      try await proxy.requests(.metadata, atLeast: 2)
      let other = try KafkaRawConnection(port: proxy.port)
      _ = try await other.ask(.apiVersions, version: 0, body: KafkaWriter())
      #expect(!client.hasInput)
    }
  }

  @Test("While refusing, connections close and none is made; then the same port serves again")
  func refuse() async throws {
    try await withBroker { _, proxy in
      let client = try KafkaRawConnection(port: proxy.port)
      try await client.createTopic("t")
      for round in 0..<20 {
        let client = try KafkaRawConnection(port: proxy.port)
        #expect(try await client.produce(["\(round)"], to: "t") == round)
        proxy.refuse()
        #expect(throws: KafkaFixtureError.self) { try KafkaRawConnection(port: proxy.port) }
        #expect(try await client.receive() == nil)
        proxy.accept()
      }
      #expect(try await client.receive() == nil)
      let last = try KafkaRawConnection(port: proxy.port)
      #expect(try await last.endOffset(of: "t") == 20)
      proxy.refuse()
      await proxy.stop()
      proxy.accept()
      #expect(!KafkaRawConnection.isListening(port: proxy.port))
    }
  }

  @Test("Fetch answers without records are held, those with records or an error go at once")
  func fetchPace() async throws {
    try await withBroker(fetchPace: Self.ever) { broker, proxy in
      let client = try KafkaRawConnection(port: proxy.port)
      try await client.createTopic("empty")
      try await client.createTopic("t")
      let idle = try KafkaRawConnection(port: proxy.port)
      try await idle.send(.fetch, version: 4, body: KafkaRawConnection.fetchBody("empty", from: 0))
      try await proxy.requests(.fetch, atLeast: 1)
      try await client.produce(["one"], to: "t")
      #expect(try await client.fetch("t", from: 0).count > 0)
      await #expect(throws: KafkaFixtureError.self) { try await client.fetch("t", from: 99) }
      #expect(!idle.hasInput)

      // In a given time there can be no more empty answers than the pace allows, and these take no less.
      let paced = try KafkaProxy(broker: broker, fetchPace: .milliseconds(10))
      let spinning = try KafkaRawConnection(port: paced.port)
      let start = ContinuousClock.now
      for _ in 0..<20 { #expect(try await spinning.fetch("empty", from: 0).isEmpty) }
      #expect(ContinuousClock.now - start >= .milliseconds(200))
      #expect(paced.requestCount(apiKey: .fetch) == 20)
      await paced.stop()
    }
  }

  /// These are the versions that differ.
  @Test("An empty Fetch answer is known in every version", arguments: [4, 5, 7, 11, 12, 13] as [Int16])
  func emptyFetch(version: Int16) {
    let empty = Self.fetchAnswer(version: version, error: 0, recordCount: 0)
    #expect(KafkaAnswer.isEmptyFetch(empty, version: version))
    #expect(!KafkaAnswer.isEmptyFetch(Self.fetchAnswer(version: version, error: 1, recordCount: 0), version: version))
    #expect(!KafkaAnswer.isEmptyFetch(Self.fetchAnswer(version: version, error: 0, recordCount: 9), version: version))
    // Whatever is cut off is not taken for empty, nor read beyond its end.
    for count in 0..<empty.count {
      #expect(!KafkaAnswer.isEmptyFetch(Array(empty.prefix(count)), version: version))
    }
    #expect(!KafkaAnswer.isEmptyFetch(empty, version: 14) && !KafkaAnswer.isEmptyFetch(empty, version: 3))
  }

  /// One topic, one partition, one aborted transaction.
  private static func fetchAnswer(version: Int16, error: Int16, recordCount: Int) -> [UInt8] {
    var body = KafkaWriter()
    let isFlexible = version >= 12
    func count(_ value: Int) -> [UInt8] {
      isFlexible ? [UInt8(value + 1)] : withUnsafeBytes(of: Int32(value).bigEndian) { Array($0) }
    }
    let tags: [UInt8] = isFlexible ? [1, 7, 2, 0xAA, 0xBB] : []
    body.integer(Int32(1))  // correlation id
    body.raw(tags + [0, 0, 0, 0])
    if version >= 7 { body.raw([0, 0, 0, 0, 0, 9]) }
    body.raw(count(1))
    if version >= 13 {
      body.raw(Array(repeating: 0xFF, count: 16))
    } else if isFlexible {
      body.raw([2] + Array("t".utf8))
    } else {
      body.string("t")
    }
    body.raw(count(1))
    body.integer(Int32(0))
    body.integer(error)
    for _ in 0..<(version >= 5 ? 3 : 2) { body.integer(Int64(-1)) }
    body.raw(count(1) + Array(repeating: 0xFF, count: 16) + tags)
    if version >= 11 { body.integer(Int32(-1)) }
    body.raw(count(recordCount) + Array(repeating: 0, count: recordCount) + tags + tags + tags)
    var frame = KafkaWriter()
    frame.sized(body.bytes)
    return frame.bytes
  }

  @Test("Many connections with many requests in flight each get their answers in order")
  func manyConnections() async throws {
    try await withBroker { _, proxy in
      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<50 {
          group.addTask {
            let client = try KafkaRawConnection(port: proxy.port)
            var ids: [Int32] = []
            for _ in 0..<20 { ids.append(try await client.send(.apiVersions, version: 0, body: KafkaWriter())) }
            for id in ids { #expect(try await client.receive()?.id == id) }
          }
        }
        try await group.waitForAll()
      }
      #expect(proxy.requestCount(apiKey: .apiVersions) == 1_000)
    }
  }

  @Test("What is no request of Kafka's closes its connection and no other")
  func noKafka() async throws {
    try await withBroker { _, proxy in
      let client = try KafkaRawConnection(port: proxy.port)
      _ = try await client.ask(.apiVersions, version: 0, body: KafkaWriter())
      for bytes in [[0xFF, 0xFF, 0xFF, 0xFF], [0x7F, 0, 0, 0], [0, 0, 0, 1, 0], [0, 0, 0, 0]] as [[UInt8]] {
        let stranger = try KafkaRawConnection(port: proxy.port)
        try await stranger.send(raw: bytes)
        #expect(try await stranger.receive() == nil)
      }
      _ = try await client.ask(.apiVersions, version: 0, body: KafkaWriter())
    }
  }

  @Test("A restarted broker keeps port and records; so does a killed one, but for the last second's records")
  func restart() async throws {
    try await withBroker { broker, proxy in
      let client = try KafkaRawConnection(port: proxy.port)
      try await client.createTopic("t")
      try await client.produce(["one", "two"], to: "t")
      let records = try await client.fetch("t", from: 0)
      let port = broker.port
      try await broker.restart()
      #expect(broker.port == port)
      #expect(try await client.receive() == nil)

      let second = try KafkaRawConnection(port: proxy.port)
      #expect(try await second.fetch("t", from: 0) == records)
      broker.kill()
      #expect(try await second.receive() == nil)
      try await broker.restart()
      let third = try KafkaRawConnection(port: proxy.port)
      #expect(try await third.fetch("t", from: 0) == records)

      await broker.stop()
      #expect(!KafkaRawConnection.isListening(port: port))
      await #expect(throws: KafkaFixtureError.self) { try await broker.restart() }
    }
  }

  @Test("A broker that nobody stops ends when nobody refers to it")
  func letGo() async throws {
    func port() async throws -> Int { try await KafkaBroker.start().port }
    try await waitUntilSilent(port: try await port())
  }

  @Test("A killed test process takes its broker and the broker's data with it")
  func crash() async throws {
    let result = try await #require(
      processExitsWith: .signal(SIGKILL), observing: [\.standardOutputContent]
    ) {
      let broker = try await KafkaBroker.start()
      let text = Array("<\(broker.port) \(broker.folder.path)>".utf8)
      _ = write(STDOUT_FILENO, text, text.count)
      kill(getpid(), SIGKILL)
    }
    let output = String(decoding: result.standardOutputContent, as: UTF8.self)
    let words = try #require(output.firstMatch(of: /<(\d+) ([^>]+)>/))
    try await waitUntilSilent(port: try #require(Int(words.1)))
    let deadline = ContinuousClock.now + .seconds(30)
    while access(String(words.2), F_OK) == 0 {
      try #require(ContinuousClock.now < deadline, "the broker's folder is there after 30 s")
      try await Task.sleep(for: .milliseconds(5))
    }
  }

  @Test("A broker that cannot start says why, and what to do")
  func noBroker() async throws {
    func message(_ body: () async throws -> Void) async throws -> String {
      try #require(await #expect(throws: KafkaFixtureError.self) { try await body() }).description
    }
    let ended = try await message { _ = try await KafkaBroker.start(binary: "/bin/false") }
    #expect(ended.contains("/bin/false has ended with exit code 1"))
    let missing = try await message { _ = try await KafkaTestCluster.start(["MNEME_CACHE_DIR": "/nowhere"]) }
    #expect(missing.contains("/nowhere/noida-db-0.2.3/noida-db: run ops/fetch-broker"))
    let wrong = try await message { _ = try await KafkaTestCluster.start(["MNEME_TEST_KAFKA_BINARY": "/nowhere"]) }
    #expect(wrong.contains("MNEME_TEST_KAFKA_BINARY"))
  }

  @Test("A cluster is the one that the environment names, with its settings")
  func namedCluster() async throws {
    let cluster = try await KafkaTestCluster.start([
      "MNEME_TEST_KAFKA": "kafka.example:9092", "MNEME_TEST_KAFKA_CONF": "security.protocol=SSL;ssl.key.password=a=b;",
    ])
    #expect(cluster.bootstrap == "kafka.example:9092" && !cluster.isOwn)
    #expect(cluster.broker == nil && cluster.proxy == nil)
    #expect(cluster.settings == ["security.protocol": "SSL", "ssl.key.password": "a=b"])
    await cluster.stop()
    await #expect(throws: KafkaFixtureError.self) {
      try await KafkaTestCluster.start(["MNEME_TEST_KAFKA": "k:1", "MNEME_TEST_KAFKA_CONF": "secret"])
    }
  }

  @Test("Whoever comes first starts the shared cluster, once")
  func sharedCluster() async throws {
    let bootstraps = try await withThrowingTaskGroup(of: String.self) { group in
      for _ in 0..<8 { group.addTask { try await KafkaTestCluster.shared().bootstrap } }
      return try await group.reduce(into: Set<String>()) { $0.insert($1) }
    }
    #expect(bootstraps.count == 1)
    let cluster = try await KafkaTestCluster.shared()
    guard cluster.isOwn else { return }
    #expect(cluster.bootstrap == cluster.proxy?.bootstrap)
    #expect(cluster.settings["receive.message.max.bytes"] == "1000000000")
  }
}

import FoundationEssentials
import Glibc
import Synchronization

/// A broker that speaks Kafka's protocol: noida-db as a process of its own, on a loopback port, with data of its own.
///
/// It ends with the process that started it, however that ends. What noida-db does otherwise than Kafka is written in
/// `KafkaProxy`, which hides most of it, and in the README.
public final class KafkaBroker: Sendable {
  /// How long a broker may take until it answers.
  public static let maxStartTime: Duration = .seconds(20)
  /// How long a broker may take to write its data and end, after SIGTERM; then it is killed.
  public static let maxStopTime: Duration = .seconds(30)
  /// How often `start` tries where the program ends before it answers, each time with another port.
  public static let maxStartAttempts = 3
  /// How much of the program's output an error quotes, in bytes.
  static let maxLogBytes = 2_000

  private struct State {
    var process: KafkaBrokerProcess?
    var isStopped = false
    /// The last of the calls that start or end the process: they take turns.
    var turn: Task<Void, Never>?
  }

  /// Where it listens; the same after a restart.
  public var port: Int { self.reservation.number }
  private let binary: String
  private let reservation: ReservedPort
  let folder = TemporaryFolder()
  private let state = Mutex(State())

  private init(binary: String) throws(KafkaFixtureError) {
    self.binary = binary
    self.reservation = try ReservedPort()
  }

  deinit {
    // Not stopped: an error has come in between. The watchdog ends the broker and removes its folder.
    let (process, isStopped) = self.state.withLock { ($0.process, $0.isStopped) }
    guard !isStopped else { return }
    process?.letGo()
    self.folder.remove()
    self.reservation.release()
  }

  /// `127.0.0.1:port`, as Kafka clients want it.
  public var bootstrap: String { "127.0.0.1:\(self.port)" }

  /// Starts a broker without any topic and waits until it answers.
  /// - Parameter binary: the program; by default `MNEME_TEST_KAFKA_BINARY`, else the one that `ops/fetch-broker`
  ///   fetches.
  /// - Throws: `KafkaFixtureError` where the program is missing, ends, or does not answer within `maxStartTime`; the
  ///   end of its output is in the message.
  public static func start(binary: String? = nil) async throws -> KafkaBroker {
    let binary = try binary ?? self.installedBinary(ProcessInfo.processInfo.environment)
    var attempt = 1
    while true {
      let broker = try KafkaBroker(binary: binary)
      do {
        try await broker.inTurn { try await broker.launch() }
        return broker
      } catch {
        await broker.stop()
        // Somebody may have taken the port in between.
        guard let error = error as? KafkaFixtureError, error.isRetriable, attempt < self.maxStartAttempts else {
          throw error
        }
        attempt += 1
      }
    }
  }

  /// Ends the broker with SIGTERM, so that it writes all its data, and starts it again with the same port and data. One
  /// that has been killed is just started.
  /// - Throws: `KafkaFixtureError` as `start`, and where the broker is stopped.
  public func restart() async throws {
    try await self.inTurn {
      guard !self.state.withLock({ $0.isStopped }) else {
        throw KafkaFixtureError("the broker at \(self.bootstrap) is stopped and its data are gone: start another one")
      }
      await self.end()
      try await self.launch()
    }
  }

  /// Sends SIGKILL and does not wait. noida-db loses what it has acknowledged within about the last second. `restart`
  /// brings the broker back.
  public func kill() {
    self.state.withLock { $0.process }?.send(SIGKILL)
  }

  /// Ends the broker with SIGTERM and removes its data. Further calls do nothing.
  public func stop() async {
    try? await self.inTurn {
      guard !self.state.withLock({ $0.isStopped }) else { return }
      await self.end()
      self.folder.remove()
      self.state.withLock { $0.isStopped = true }
      self.reservation.release()
    }
  }

  /// Where the program is, by the rule of `ops/fetch-broker`.
  /// - Throws: `KafkaFixtureError` where it is not there.
  static func installedBinary(_ environment: [String: String]) throws(KafkaFixtureError) -> String {
    func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
    if let named = value("MNEME_TEST_KAFKA_BINARY") {
      if access(named, X_OK) == 0 { return named }
      throw KafkaFixtureError("MNEME_TEST_KAFKA_BINARY names '\(named)', which is no program: correct or unset it")
    }
    let userCache = value("XDG_CACHE_HOME") ?? value("HOME").map { $0 + "/.cache" }
    guard let cache = value("MNEME_CACHE_DIR") ?? userCache.map({ $0 + "/mneme" }) else {
      throw KafkaFixtureError("no folder to find noida-db in: set HOME or MNEME_CACHE_DIR")
    }
    let binary = cache + "/noida-db-0.2.3/noida-db"
    guard access(binary, X_OK) == 0 else {
      throw KafkaFixtureError("the broker for tests is missing at \(binary): run ops/fetch-broker")
    }
    return binary
  }

  /// Runs `body` after all such calls before it.
  private func inTurn(_ body: @escaping @Sendable () async throws -> Void) async throws {
    let task = self.state.withLock { state in
      let previous = state.turn
      let task = Task {
        await previous?.value
        try await body()
      }
      state.turn = Task { _ = await task.result }
      return task
    }
    try await task.value
  }

  private func launch() async throws {
    let process = try KafkaBrokerProcess(
      command: [
        self.binary, "start", "--only", "kafka", "--kafka-port", "\(self.port)", "--host", "127.0.0.1", "--data-dir",
        self.folder.path + "/data",
      ], folder: self.folder.path, log: self.log)
    self.state.withLock { $0.process = process }
    do {
      try await onOwnThread { try self.waitForAnswer(process) }
    } catch {
      await self.end()
      throw error
    }
  }

  /// Blocks until the broker answers a request.
  private func waitForAnswer(_ process: KafkaBrokerProcess) throws {
    let deadline = ContinuousClock.now + Self.maxStartTime
    while !KafkaRawConnection.answers(port: self.port) {
      guard !process.hasEnded else {
        throw KafkaFixtureError(
          "\(self.binary) has ended with \(process.ending) before it answered: \(self.logTail)", isRetriable: true)
      }
      guard ContinuousClock.now < deadline else {
        throw KafkaFixtureError(
          "\(self.binary) does not answer at \(self.bootstrap) after \(Self.maxStartTime): \(self.logTail)")
      }
      // Nothing tells when another process begins to listen; a start takes about 20 ms.
      usleep(5_000)
    }
  }

  /// SIGTERM, and SIGKILL where that does not help in time.
  private func end() async {
    guard let process = self.state.withLock({ $0.process }) else { return }
    let killer = Task {
      try await Task.sleep(for: Self.maxStopTime)
      process.send(SIGKILL)
    }
    defer { killer.cancel() }
    process.send(SIGTERM)
    await process.waitForEnd()
  }

  private var log: String { self.folder.path + "/log" }

  private var logTail: String {
    let descriptor = Glibc.open(self.log, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return "it has written nothing" }
    defer { close(descriptor) }
    _ = lseek(descriptor, max(0, lseek(descriptor, 0, SEEK_END) - Self.maxLogBytes), SEEK_SET)
    var bytes = [UInt8](repeating: 0, count: Self.maxLogBytes)
    let count = read(descriptor, &bytes, bytes.count)
    guard count > 0 else { return "it has written nothing" }
    return "the end of its output is\n\(String(decoding: bytes.prefix(count), as: UTF8.self))"
  }
}

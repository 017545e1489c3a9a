import Glibc
import Synchronization

/// One connection of a proxy: a thread that carries requests to the broker, and one that carries answers back.
final class KafkaProxyConnection: Sendable {
  /// A request that has no answer yet.
  private struct Pending {
    let request: KafkaRequestFrame
    let fault: KafkaFault
    let arrival: ContinuousClock.Instant
  }

  private struct State {
    /// In order of arrival, which is the order of the answers.
    var pending: [Pending] = []
    /// Whether an answer is on its way from broker to client.
    var isAnswering = false
    var threadCount = 1
  }

  /// How often a thread looks whether the other one is done, in microseconds.
  private static let checkInterval: UInt32 = 500

  private let proxy: KafkaProxy
  private let number: Int
  private let client: Int32
  private let state = Mutex(State())

  init(proxy: KafkaProxy, number: Int, client: Int32) {
    self.proxy = proxy
    self.number = number
    self.client = client
  }

  /// The body of the first thread.
  func run() {
    LoopbackSocket.sendAtOnce(self.client)
    if let broker = self.connect() {
      self.state.withLock { $0.threadCount += 1 }
      self.proxy.state.withLock { $0.threadCount += 1 }
      startThread { [self] in
        self.carryAnswers(from: broker)
        self.end()
      }
      self.carryRequests(to: broker)
    }
    self.end()
  }

  /// Nil where the broker is not there, or the proxy has hung up in between.
  private func connect() -> Int32? {
    guard let broker = try? LoopbackSocket.connect(port: self.proxy.brokerPort) else { return nil }
    self.proxy.state.withLock { state in
      state.connections[self.number]?.broker = broker
      if state.isRefusing || state.isStopping { shutdown(broker, Int32(SHUT_RDWR)) }
    }
    return broker
  }

  /// Until either side closes, or a fault says so.
  private func carryRequests(to broker: Int32) {
    while case .complete(let frame) = LoopbackSocket.readFrame(self.client, maxBytes: KafkaProxy.maxFrameBytes) {
      let arrival = ContinuousClock.now
      guard let request = KafkaRequestFrame(frame: frame) else { return }
      let fault = self.proxy.received(request)
      if fault == .dropRequest { return }
      let forwarded: [UInt8]
      switch self.proxy.groups.action(on: frame, request, isGone: { LoopbackSocket.isGone(self.client) }) {
      case .forward(let bytes): forwarded = bytes
      case .hangUp: return
      case .answer(let answer):
        guard fault != .dropAnswer, self.send(answer, fault, arrival) else { return }
        continue
      }
      let isTaken = self.state.withLock { state in
        guard state.pending.count < KafkaProxy.maxPendingCount else { return false }
        state.pending.append(Pending(request: request, fault: fault, arrival: arrival))
        return true
      }
      guard isTaken else { return }
      guard LoopbackSocket.send(broker, forwarded) else { return }
    }
  }

  /// Sends an answer of the proxy's own, after those that the broker owes: nothing is forwarded meanwhile, so that the
  /// other thread has nothing to send.
  private func send(_ answer: [UInt8], _ fault: KafkaFault, _ arrival: ContinuousClock.Instant) -> Bool {
    while !self.state.withLock({ $0.pending.isEmpty && !$0.isAnswering }) {
      if LoopbackSocket.isGone(self.client) { return false }
      usleep(Self.checkInterval)
    }
    if case .delay(let duration) = fault {
      guard LoopbackSocket.wait(until: arrival + duration, watching: self.client) else { return false }
    }
    return LoopbackSocket.send(self.client, answer)
  }

  /// Until either side closes, or a fault says so.
  private func carryAnswers(from broker: Int32) {
    while case .complete(var frame) = LoopbackSocket.readFrame(broker, maxBytes: KafkaProxy.maxFrameBytes) {
      guard let id = KafkaAnswer.correlationID(frame) else { return }
      if let pending = self.takePending(id) {
        switch pending.fault {
        case .dropRequest, .dropAnswer: return
        case .pass, .delay: break
        }
        if KafkaAnswer.namesBrokers(pending.request.apiKey) {
          KafkaAnswer.replacePort(self.proxy.brokerPort, by: self.proxy.port, in: &frame)
        }
        if pending.request.apiKey == .fetch {
          frame = KafkaAnswer.withoutEndedTransactions(frame, version: pending.request.apiVersion)
        }
        let start = pending.arrival + self.hold(pending, frame)
        guard LoopbackSocket.wait(until: start, watching: self.client) else { return }
      }
      guard LoopbackSocket.send(self.client, frame) else { return }
      self.state.withLock { $0.isAnswering = false }
    }
  }

  /// How long after its request the answer goes out at the earliest. Each answer has its own time, counted from its own
  /// request, so that several held ones in a row do not add up.
  private func hold(_ pending: Pending, _ frame: [UInt8]) -> Duration {
    var hold = Duration.zero
    if case .delay(let duration) = pending.fault { hold = duration }
    if pending.request.apiKey == .fetch, self.proxy.fetchPace > hold,
      KafkaAnswer.isEmptyFetch(frame, version: pending.request.apiVersion)
    {
      hold = self.proxy.fetchPace
    }
    return hold
  }

  /// The request that the answer with this id belongs to. Those before it have no answer (Produce with acks 0).
  private func takePending(_ id: Int32) -> Pending? {
    self.state.withLock { state in
      guard let index = state.pending.firstIndex(where: { $0.request.correlationID == id }) else { return nil }
      let pending = state.pending[index]
      state.pending.removeSubrange(...index)
      state.isAnswering = true
      return pending
    }
  }

  /// The end of one thread: ends the other too; the last one closes the sockets.
  private func end() {
    let isLast = self.state.withLock { state in
      state.threadCount -= 1
      return state.threadCount == 0
    }
    self.proxy.state.withLock { state in
      guard let sockets = state.connections[self.number] else { return }
      if isLast {
        state.connections[self.number] = nil
        close(sockets.client)
        if let broker = sockets.broker { close(broker) }
      } else {
        shutdown(sockets.client, Int32(SHUT_RDWR))
        if let broker = sockets.broker { shutdown(broker, Int32(SHUT_RDWR)) }
      }
    }
    self.proxy.threadEnded()
  }
}

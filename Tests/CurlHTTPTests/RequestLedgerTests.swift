import Testing

@testable import CurlHTTP

/// The rules of the client's queue as input and answer, without threads or sockets.
struct RequestLedgerTests {
  private let start = ContinuousClock.now

  private func time(_ seconds: Int) -> ContinuousClock.Instant { self.start.advanced(by: .seconds(seconds)) }

  private func filled(_ count: UInt64, maxInFlight: Int = 2, maxWaiting: Int = 10) -> Ledger {
    let ledger = Ledger(maxInFlight: maxInFlight, maxWaiting: maxWaiting)
    for id in 0..<count { _ = ledger.submit(id, "r\(id)", deadline: self.time(100)) }
    return ledger
  }

  @Test func `only the first submission since the loop looked rings`() {
    let ledger = self.filled(0)
    #expect(ledger.submit(0, "r0", deadline: self.time(9)) == .accepted(rings: true))
    #expect(ledger.submit(1, "r1", deadline: self.time(9)) == .accepted(rings: false))
    _ = ledger.collect(now: self.time(0))
    #expect(ledger.submit(2, "r2", deadline: self.time(9)) == .accepted(rings: true))
  }

  @Test func `requests start in order of arrival and never more than allowed`() {
    let ledger = self.filled(5)
    #expect(ledger.collect(now: self.time(0)).starts.map(\.entry) == ["r0", "r1"])
    #expect(ledger.collect(now: self.time(0)).starts.isEmpty)
    #expect(ledger.complete(1) == "r1")
    #expect(ledger.collect(now: self.time(0)).starts.map(\.entry) == ["r2"])
  }

  @Test func `one request more than in flight and waiting together is refused`() {
    let ledger = self.filled(5, maxInFlight: 2, maxWaiting: 3)
    #expect(ledger.submit(5, "r5", deadline: self.time(9)) == .busy)
    _ = ledger.collect(now: self.time(0))
    #expect(ledger.submit(5, "r5", deadline: self.time(9)) == .busy)
    #expect(ledger.complete(0) == "r0")
    #expect(ledger.submit(5, "r5", deadline: self.time(9)) == .accepted(rings: true))
  }

  @Test func `an abandoned request that waits needs no transfer to be dropped`() throws {
    let ledger = self.filled(3)
    _ = ledger.collect(now: self.time(0))
    let gone = try #require(ledger.abandon(2))
    #expect(gone.entry == "r2" && !gone.rings)
    #expect(ledger.collect(now: self.time(0)).drops.isEmpty)
  }

  @Test func `an abandoned request in flight keeps its place until the loop has dropped it`() throws {
    let ledger = self.filled(3)
    _ = ledger.collect(now: self.time(0))
    let gone = try #require(ledger.abandon(0))
    #expect(gone.entry == "r0" && gone.rings)
    let work = ledger.collect(now: self.time(0))
    #expect(work.drops == [0])
    #expect(work.starts.map(\.entry) == ["r2"])
  }

  @Test func `every entry leaves once, whichever of cancel and completion comes first`() {
    let ledger = self.filled(2)
    _ = ledger.collect(now: self.time(0))
    #expect(ledger.abandon(0)?.entry == "r0")
    #expect(ledger.complete(0) == nil)
    #expect(ledger.abandon(0) == nil)
    #expect(ledger.complete(1) == "r1")
    #expect(ledger.abandon(1) == nil)
    #expect(ledger.beginClosing().isEmpty)
  }

  @Test func `a cancel before the submission is forgotten`() {
    let ledger = self.filled(0)
    #expect(ledger.abandon(7) == nil)
    #expect(ledger.submit(7, "r7", deadline: self.time(9)) == .accepted(rings: true))
    #expect(ledger.collect(now: self.time(0)).starts.map(\.entry) == ["r7"])
  }

  @Test func `deadlines expire requests in flight and waiting, and the next one is known`() {
    let ledger = Ledger(maxInFlight: 1, maxWaiting: 5)
    for (id, seconds) in [(UInt64(0), 3), (1, 2), (2, 8)] {
      _ = ledger.submit(id, "r\(id)", deadline: self.time(seconds))
    }
    #expect(ledger.collect(now: self.time(1)).nextDeadline == self.time(2))
    let first = ledger.collect(now: self.time(2))
    #expect(first.expired == ["r1"] && first.drops.isEmpty && first.nextDeadline == self.time(3))
    let second = ledger.collect(now: self.time(3))
    #expect(second.expired == ["r0"] && second.drops == [0] && second.starts.map(\.entry) == ["r2"])
    #expect(second.nextDeadline == self.time(8))
    #expect(ledger.complete(2) == "r2")
    #expect(ledger.collect(now: self.time(8)).nextDeadline == nil)
  }

  @Test func `a submission after an expiry rings`() {
    let ledger = self.filled(1)
    _ = ledger.collect(now: self.time(0))
    #expect(ledger.collect(now: self.time(100)).expired == ["r0"])
    #expect(ledger.submit(9, "r9", deadline: self.time(200)) == .accepted(rings: true))
  }

  @Test func `closing answers everything once and ends intake`() {
    let ledger = self.filled(3)
    _ = ledger.collect(now: self.time(0))
    #expect(ledger.beginClosing() == ["r0", "r1", "r2"])
    #expect(ledger.beginClosing().isEmpty)
    #expect(ledger.submit(3, "r3", deadline: self.time(9)) == .closed)
    let work = ledger.collect(now: self.time(0))
    #expect(work.isClosing && work.starts.isEmpty && work.expired.isEmpty)
    #expect(ledger.complete(0) == nil)
    #expect(!ledger.isClosed)
    ledger.didClose()
    #expect(ledger.isClosed)
  }

  @Test(arguments: [1, 2, 3, 4, 5, 6, 7, 8])
  func `random histories answer every accepted request exactly once`(seed: UInt64) {
    var random = SeededGenerator(state: seed)
    let ledger = Ledger(maxInFlight: 3, maxWaiting: 4)
    var (accepted, answered, running) = (Set<String>(), [String](), Set<UInt64>())
    var now = 0
    for id in 0..<2000 as Range<UInt64> {
      switch random.next() % 5 {
      case 0, 1:
        let deadline = self.time(now + Int(random.next() % 20) + 1)
        if case .accepted = ledger.submit(id, "r\(id)", deadline: deadline) { accepted.insert("r\(id)") }
      case 2:
        if let gone = ledger.abandon(id - min(id, random.next() % 10)) { answered.append(gone.entry) }
      case 3:
        if let done = running.randomElement(using: &random) {
          running.remove(done)
          if let entry = ledger.complete(done) { answered.append(entry) }
        }
      default:
        now += 1
        let work = ledger.collect(now: self.time(now))
        answered += work.expired
        running.subtract(work.drops)
        running.formUnion(work.starts.map(\.id))
        #expect(running.count <= 3, "seed \(seed)")
      }
    }
    answered += ledger.beginClosing()
    #expect(answered.count == accepted.count, "seed \(seed)")
    #expect(Set(answered) == accepted, "seed \(seed)")
  }
}

/// The value in a box: `#expect` does not call mutating methods.
private final class Ledger {
  private var value: RequestLedger<String>

  init(maxInFlight: Int, maxWaiting: Int) {
    self.value = RequestLedger(maxInFlight: maxInFlight, maxWaiting: maxWaiting)
  }

  var isClosed: Bool { self.value.isClosed }

  func submit(
    _ id: UInt64, _ entry: String, deadline: ContinuousClock.Instant
  ) -> RequestLedger<String>.Submission {
    self.value.submit(id, entry, deadline: deadline)
  }

  func abandon(_ id: UInt64) -> (entry: String, rings: Bool)? { self.value.abandon(id) }

  func collect(now: ContinuousClock.Instant) -> RequestLedger<String>.Work { self.value.collect(now: now) }

  func complete(_ id: UInt64) -> String? { self.value.complete(id) }

  func beginClosing() -> [String] { self.value.beginClosing() }

  func didClose() { self.value.didClose() }
}

/// SplitMix64.
private struct SeededGenerator: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    self.state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = self.state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}

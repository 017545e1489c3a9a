import Testing

@testable import CurlHTTP

/// Which connections may be shared after a timeout, as times and answers.
struct ConnectionSuspicionTests {
  private let start = ContinuousClock.now

  private func time(_ seconds: Int) -> ContinuousClock.Instant { self.start.advanced(by: .seconds(seconds)) }

  @Test func `without a timeout any connection will do`() {
    var suspicion = ConnectionSuspicion()
    let answer = suspicion.reuse("a", oldestStart: nil, now: self.time(0))
    #expect(answer == .any)
  }

  @Test(
    arguments: [
      (0, nil, .youngerThan(seconds: 1)), (1, nil, .youngerThan(seconds: 1)), (7, nil, .youngerThan(seconds: 7)),
      (7, -5, .none), (7, 0, .none), (7, 1, .youngerThan(seconds: 7)),
      (89, nil, .youngerThan(seconds: 89)), (90, nil, .any), (500, nil, .any), (500, -1, .none),
    ] as [(Int, Int?, ConnectionSuspicion.Reuse)])
  func `what was open at a timeout is not shared`(now: Int, oldest: Int?, expected: ConnectionSuspicion.Reuse) {
    var suspicion = ConnectionSuspicion()
    suspicion.timedOut("a", now: self.time(0))
    let answer = suspicion.reuse("a", oldestStart: oldest.map(self.time), now: self.time(now))
    let other = suspicion.reuse("b", oldestStart: self.time(-5), now: self.time(now))
    #expect(answer == expected && other == .any)
  }

  @Test func `endpoints are remembered up to a bound, the latest ones`() {
    var suspicion = ConnectionSuspicion()
    for index in 0...ConnectionSuspicion.maxOrigins { suspicion.timedOut("\(index)", now: self.time(index)) }
    let forgotten = suspicion.reuse("0", oldestStart: nil, now: self.time(65))
    let kept = suspicion.reuse("1", oldestStart: nil, now: self.time(65))
    #expect(forgotten == .any && kept == .youngerThan(seconds: 64))
  }
}

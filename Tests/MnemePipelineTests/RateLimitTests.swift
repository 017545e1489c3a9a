import MnemePipeline
import Testing

@Suite struct RateLimitTests {
  /// A lower bound only: a slow machine waits longer.
  @Test func whatGoesBeyondASecondsWorthWaits() async throws {
    let limit = RateLimit(perSecond: 500)
    let begin = ContinuousClock.now
    try await limit.take(500)
    for _ in 0..<4 { try await limit.take(50) }
    #expect(ContinuousClock.now - begin >= .milliseconds(390))
  }

  @Test func moreThanABucketGoesLateRatherThanNever() async throws {
    let limit = RateLimit(perSecond: 1000)
    let begin = ContinuousClock.now
    try await limit.take(1300)
    #expect(ContinuousClock.now - begin >= .milliseconds(290))
  }

  @Test func aCancelledWaitEnds() async {
    let limit = RateLimit(perSecond: 0.001)
    let waiting = Task { try await limit.take(1000) }
    waiting.cancel()
    await #expect(throws: CancellationError.self) { try await waiting.value }
  }
}

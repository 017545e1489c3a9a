import MnemeCore
import Testing

@Suite struct RetryPolicyTests {
  static let policy = RetryPolicy(maxAttemptCount: 4, initialDelay: .seconds(1), maxDelay: .seconds(3))

  @Test(
    arguments: [
      (1, nil, 1.0, Duration.seconds(1)), (1, nil, 0.0, .milliseconds(500)), (2, nil, 1.0, .seconds(2)),
      (3, nil, 1.0, .seconds(3)), (4, nil, 1.0, nil), (1, .seconds(2), 0.0, .seconds(2)),
      (1, .seconds(60), 0.0, .seconds(3)), (1, .zero, 1.0, .seconds(1)), (4, .seconds(1), 0.0, nil),
    ] as [(Int, Duration?, Double, Duration?)])
  func pauses(attempt: Int, retryAfter: Duration?, jitter: Double, expected: Duration?) {
    #expect(Self.policy.delay(afterAttempt: attempt, retryAfter: retryAfter, jitter: jitter) == expected)
  }
}

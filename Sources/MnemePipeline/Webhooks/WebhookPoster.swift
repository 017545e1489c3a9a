public import MnemeCore

/// Calls webhooks: bytes in, what the other side says out.
public protocol WebhookPoster: Sendable {
  /// Posts `body`, which is JSON, with these headers, once. Bounded in time; redirects are not followed.
  /// - Throws: `CancellationError` only; whatever else goes wrong is an answer.
  func post(_ body: [UInt8], headers: [(name: String, value: String)], to url: String) async throws
    -> WebhookRetry.Answer
}

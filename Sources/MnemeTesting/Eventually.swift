/// What was waited for did not come about.
public struct NeverHappened: Error, CustomStringConvertible {
  /// What it is, and how long it was waited for.
  public let description: String
}

/// Waits for what other tasks, threads or processes bring about; a minute is more than it takes unless something hangs.
/// - Throws: `NeverHappened` after that; what `condition` throws.
public func eventually(_ what: String, _ condition: () async throws -> Bool) async throws {
  let deadline = ContinuousClock.now + .seconds(60)
  while try await !condition() {
    guard ContinuousClock.now < deadline else { throw NeverHappened(description: "not within 60 s: \(what)") }
    try await Task.sleep(for: .milliseconds(5))
  }
}

import FoundationEssentials

/// A folder for one test.
public struct TemporaryFolder: Sendable {
  /// Its path, without a slash at the end.
  public let path: String

  /// Makes it, under the system's folder for temporary files.
  public init() {
    let base = ProcessInfo.processInfo.environment["TMPDIR"] ?? "/tmp"
    self.path = base + "/mneme-test-" + UUID().uuidString.lowercased()
    do {
      try FileManager.default.createDirectory(atPath: self.path, withIntermediateDirectories: true)
    } catch {
      preconditionFailure("a temporary folder cannot be made: \(error)")
    }
  }

  /// Removes it with all that it holds.
  public func remove() {
    try? FileManager.default.removeItem(atPath: self.path)
  }
}

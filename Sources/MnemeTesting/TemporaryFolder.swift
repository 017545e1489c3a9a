import Foundation

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

  /// Puts a program there that the text `script` is, and returns its path.
  ///
  /// Another process copies it: this one may be starting programs at the same moment, and a file that one of them has
  /// open for writing, however shortly, cannot be run ("Text file busy").
  public func program(_ name: String, _ script: String) throws -> String {
    let path = "\(self.path)/\(name)"
    try Data(script.utf8).write(to: URL(filePath: path + ".text"))
    let copy = Process()
    copy.executableURL = URL(filePath: "/usr/bin/install")
    copy.arguments = ["-m", "755", path + ".text", path]
    try copy.run()
    copy.waitUntilExit()
    guard copy.terminationStatus == 0 else { throw CocoaError(.fileWriteUnknown) }
    return path
  }

  /// Removes it with all that it holds.
  public func remove() {
    try? FileManager.default.removeItem(atPath: self.path)
  }
}

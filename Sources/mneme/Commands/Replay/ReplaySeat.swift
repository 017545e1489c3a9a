import FoundationEssentials
import Glibc

/// One of the seats for processes that replay on one data folder. Whoever holds it has its name; a killed process lets
/// go of it.
final class ReplaySeat: Sendable {
  /// `replay-1`, `replay-2`, …
  let name: String
  private let descriptor: Int32

  /// Processes that share one data folder, at most; further ones have no seat.
  static let maxCount = 64

  private init(name: String, descriptor: Int32) {
    self.name = name
    self.descriptor = descriptor
  }

  deinit { close(descriptor) }

  /// The first seat that is free; nil where none is.
  static func take(in directory: String) throws -> ReplaySeat? {
    try FileManager.default.createDirectory(
      atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    for number in 1...maxCount {
      let name = "replay-\(number)"
      let descriptor = open("\(directory)/\(name).lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
      guard descriptor >= 0 else { throw CommandFailure("\(directory) cannot be written (errno \(errno))") }
      // It belongs to the open file, and goes with the process.
      if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return ReplaySeat(name: name, descriptor: descriptor) }
      close(descriptor)
    }
    return nil
  }
}

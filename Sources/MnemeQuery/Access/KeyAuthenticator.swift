public import Logging
public import MnemeCore
import Synchronization

/// Knows callers by the keys of a file, which is read again when it has changed: a key that is revoked is refused
/// within `checkInterval`. Where the file cannot be read, nobody is let in.
public final class KeyAuthenticator: Authenticator {
  /// How often the file is looked at, at most.
  public static let checkInterval: Duration = .seconds(1)

  private struct State {
    var ring: KeyRing
    var stamp: KeyFile.Stamp?
    var checkedAt: ContinuousClock.Instant
  }

  let file: KeyFile
  private let clock: @Sendable () -> Timestamp
  private let logger: Logger
  private let state: Mutex<State>

  /// Reads the file.
  /// - Throws: `KeyFileError` where it cannot be read.
  public init(_ file: KeyFile, clock: @escaping @Sendable () -> Timestamp, logger: Logger) throws {
    self.file = file
    self.clock = clock
    self.logger = logger
    // Before it is read: what changes meanwhile is read again.
    let stamp = file.stamp()
    self.state = Mutex(State(ring: try file.read(), stamp: stamp, checkedAt: .now))
  }

  /// How many keys let somebody in now.
  public var goodKeyCount: Int {
    let now = self.clock()
    return self.ring().records.count { $0.isGood(at: now) }
  }

  /// The caller whose key stands in `Authorization: Token …`, `Authorization: Bearer …` or `X-API-Key`; nil where there
  /// is none, where it is not good, or where two differ.
  public func principal(for credentials: Credentials) -> Principal? {
    let shown = [credentials.authorization.flatMap(Self.token), credentials.apiKey].compactMap { $0 }
    guard let text = shown.first, shown.allSatisfy({ $0 == text }), let key = APIKey(text) else { return nil }
    return self.ring().principal(key, at: self.clock())
  }

  private static func token(_ authorization: String) -> String? {
    let parts = authorization.split(separator: " ", maxSplits: 1)
    guard parts.count == 2, ["token", "bearer"].contains(parts[0].lowercased()) else { return nil }
    return String(parts[1])
  }

  private func ring() -> KeyRing {
    self.state.withLock { state in
      let now = ContinuousClock.now
      guard state.checkedAt.duration(to: now) >= Self.checkInterval else { return state.ring }
      state.checkedAt = now
      let stamp = self.file.stamp()
      guard stamp != state.stamp else { return state.ring }
      state.stamp = stamp
      do {
        state.ring = try self.file.read()
      } catch {
        state.ring = KeyRing()
        self.logger.error("the keys cannot be read; nobody is let in", metadata: ["error": "\(error)"])
      }
      return state.ring
    }
  }
}

import Synchronization

/// Progress of long work: a bar with rate and remaining time on a terminal, a line every few seconds elsewhere.
final class ProgressBar: Sendable {
  private struct State {
    var lastShown: ContinuousClock.Instant?
    /// What was done when it was first told: work that goes on where it was begins there.
    var first: Int?
  }

  private let label: String
  private let unit: String
  private let started = ContinuousClock.now
  private let state = Mutex(State())

  private static let terminalInterval: Duration = .milliseconds(100)
  private static let lineInterval: Duration = .seconds(5)
  private static let width = 30

  /// A bar that counts `unit`s.
  init(_ label: String, unit: String) {
    self.label = label
    self.unit = unit
  }

  /// So many are done of so many.
  func update(_ done: Int, of total: Int) {
    let now = ContinuousClock.now
    let interval = Console.isInteractive ? Self.terminalInterval : Self.lineInterval
    let isDue = self.state.withLock { state in
      if state.first == nil { state.first = done }
      if let last = state.lastShown, now - last < interval { return false }
      state.lastShown = now
      return true
    }
    if isDue { self.show(done, of: total, at: now) }
  }

  /// The work is done.
  func finish(_ done: Int) {
    self.show(done, of: done, at: .now)
    if Console.isInteractive { Console.status("\n") }
  }

  private func show(_ done: Int, of total: Int, at now: ContinuousClock.Instant) {
    let share = total > 0 ? min(Double(done) / Double(total), 1) : 1
    let seconds = max((now - self.started).inSeconds, 1e-9)
    let rate = Double(max(0, done - self.state.withLock { $0.first ?? 0 })) / seconds
    let remaining = rate > 0 ? Double(total - done) / rate : 0
    let figures =
      "\(Int(share * 100)) %  \(done) of \(total) \(self.unit)  \(Int(rate))/s  \(Int(remaining.rounded(.up))) s left"
    guard Console.isInteractive else {
      Console.note("\(self.label): \(figures)")
      return
    }
    let filled = Int(share * Double(Self.width))
    let bar = String(repeating: "█", count: filled) + String(repeating: "·", count: Self.width - filled)
    Console.status("\r\(self.label) \(bar) \(figures)\u{1b}[K")
  }
}

extension Duration {
  /// The duration in seconds.
  var inSeconds: Double {
    let parts = self.components
    return Double(parts.seconds) + Double(parts.attoseconds) * 1e-18
  }
}

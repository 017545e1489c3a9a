/// Which requests wait, which are in flight and which are to be dropped: a value, so that its rules are tested without
/// sockets. Every entry leaves it exactly once, by `abandon`, `collect` (as expired), `complete` or `beginClosing`.
struct RequestLedger<Entry> {
  typealias ID = UInt64
  typealias Instant = ContinuousClock.Instant

  /// What becomes of a request that is handed in.
  enum Submission: Equatable {
    /// It waits for the loop. `rings` says whether the loop must be woken.
    case accepted(rings: Bool)
    /// As many requests as allowed are here already.
    case busy
    /// The client is closing or closed.
    case closed
  }

  /// What the loop has to do next.
  struct Work {
    /// Entries whose deadline has passed; their transfers are among `drops`.
    var expired: [Entry] = []
    /// Transfers to abort; some may have ended by themselves.
    var drops: [ID] = []
    /// Requests whose turn it is, oldest first.
    var starts: [(id: ID, entry: Entry)] = []
    /// When to look again at the latest.
    var nextDeadline: Instant?
    /// Whether the loop must end.
    var isClosing = false
  }

  private struct Slot {
    var entry: Entry
    var deadline: Instant
  }

  private enum Phase {
    case open
    case closing
    case closed
  }

  private let maxInFlight: Int
  private let maxWaiting: Int
  private var phase = Phase.open
  /// Unanswered requests, waiting or in flight.
  private var slots: [ID: Slot] = [:]
  /// Ids that wait, oldest first.
  private var waiting: [ID] = []
  /// Ids whose transfer the loop holds, answered ones that it has yet to drop included.
  private var started: Set<ID> = []
  private var dropped: [ID] = []
  /// Not later than any slot's deadline; it may be earlier after a slot has gone, which costs one idle look.
  private var deadlineBound: Instant?
  /// Whether the loop has been woken and has not looked since.
  private var isRung = false

  init(maxInFlight: Int, maxWaiting: Int) {
    self.maxInFlight = maxInFlight
    self.maxWaiting = maxWaiting
  }

  /// Whether the loop has ended.
  var isClosed: Bool { self.phase == .closed }

  /// Takes a request in.
  mutating func submit(_ id: ID, _ entry: Entry, deadline: Instant) -> Submission {
    switch self.phase {
    case .closing, .closed: return .closed
    case .open: break
    }
    guard self.waiting.count + self.started.count < self.maxInFlight + self.maxWaiting else { return .busy }
    precondition(self.slots[id] == nil, "request id \(id) is taken")
    self.slots[id] = Slot(entry: entry, deadline: deadline)
    self.waiting.append(id)
    self.deadlineBound = self.deadlineBound.map { min($0, deadline) } ?? deadline
    return .accepted(rings: self.ring())
  }

  /// Takes a request out before its answer. Nil where it is answered already or not yet submitted.
  mutating func abandon(_ id: ID) -> (entry: Entry, rings: Bool)? {
    guard let slot = self.slots.removeValue(forKey: id) else { return nil }
    if self.started.contains(id) {
      self.dropped.append(id)
      return (slot.entry, self.ring())
    }
    self.waiting.removeAll { $0 == id }
    return (slot.entry, false)
  }

  /// The loop's share: what to fail, abort and start now.
  mutating func collect(now: Instant) -> Work {
    self.isRung = false
    var work = Work()
    if let bound = self.deadlineBound, bound <= now {
      for (id, slot) in self.slots where slot.deadline <= now {
        if let gone = self.abandon(id) { work.expired.append(gone.entry) }
        // Everything abandoned here is dropped a few lines below: no bell is owed.
        self.isRung = false
      }
      self.deadlineBound = self.slots.values.map(\.deadline).min()
    }
    work.drops = self.dropped
    self.started.subtract(self.dropped)
    self.dropped = []
    while self.started.count < self.maxInFlight, !self.waiting.isEmpty {
      let id = self.waiting.removeFirst()
      guard let slot = self.slots[id] else { preconditionFailure("request \(id) waits but has no slot") }
      self.started.insert(id)
      work.starts.append((id, slot.entry))
    }
    work.nextDeadline = self.deadlineBound
    work.isClosing = self.phase != .open
    return work
  }

  /// A transfer has ended by itself. Nil where its request was abandoned meanwhile.
  mutating func complete(_ id: ID) -> Entry? {
    self.started.remove(id)
    return self.slots.removeValue(forKey: id)?.entry
  }

  /// Ends intake. Returns every unanswered entry, oldest first.
  mutating func beginClosing() -> [Entry] {
    switch self.phase {
    case .closing, .closed: return []
    case .open: break
    }
    self.phase = .closing
    let entries = self.slots.sorted { $0.key < $1.key }.map(\.value.entry)
    self.slots = [:]
    self.waiting = []
    return entries
  }

  /// The loop has released everything.
  mutating func didClose() {
    precondition(self.phase == .closing, "the loop ends only when it is asked to; phase \(self.phase)")
    self.phase = .closed
  }

  private mutating func ring() -> Bool {
    defer { self.isRung = true }
    return !self.isRung
  }
}

/// Which texts are encoded next: the calls that wait take turns, one group of texts each, so that a short call waits
/// for no more than one group of every other. Background calls have workers of their own, and a share of the others'
/// where these have much to do. A value; its owner locks, then acts on what it returns.
struct GroupQueue<Reply> {
  /// Groups in a row that the other workers do while more of them and background calls wait; then they do one of the
  /// background, which may get little of the processors otherwise.
  static var maxForegroundRun: Int { 3 }

  /// One unit of a worker's work.
  struct Assignment {
    var call: UInt64
    /// Whether nobody waits for it at this moment.
    var isBackground: Bool
    /// Places of the texts in their call.
    var places: [Int]
    var texts: [[UInt16]]
  }

  /// What a worker does next.
  enum Step {
    case encode(Assignment)
    /// Nothing to do: wait for the bell.
    case wait
    case exit
  }

  /// What became of a new call.
  enum Admission: Equatable {
    case waiting
    case full
    case closed
  }

  private struct Call {
    let isBackground: Bool
    var reply: Reply
    var texts: [[UInt16]]
    /// Groups not handed out yet, the next one last.
    var groups: [[Int]]
    var vectors: [[Float]]
    var missing: Int
  }

  /// How many calls may wait or run at once.
  let maxCallCount: Int
  private(set) var isClosed = false
  private var calls: [UInt64: Call] = [:]
  /// Calls with groups left, the next one first.
  private var turns: [UInt64] = []
  /// The same of background calls.
  private var backgroundTurns: [UInt64] = []
  /// Groups that the other workers did in a row, while more of both waited.
  private var foregroundRun = 0

  /// Calls that wait or run.
  var callCount: Int { self.calls.count }

  init(maxCallCount: Int) {
    self.maxCallCount = maxCallCount
  }

  /// Adds a call; `groups` holds every place of `texts` once. Unless the answer is `waiting`, the reply is not kept.
  mutating func admit(
    _ id: UInt64, isBackground: Bool, texts: [[UInt16]], groups: [[Int]], reply: Reply
  ) -> Admission {
    if self.isClosed { return .closed }
    if self.calls.count == self.maxCallCount { return .full }
    self.calls[id] = Call(
      isBackground: isBackground, reply: reply, texts: texts, groups: groups.reversed(),
      vectors: Array(repeating: [], count: texts.count), missing: texts.count)
    self.queue(id, isBackground)
    return .waiting
  }

  private mutating func queue(_ id: UInt64, _ isBackground: Bool) {
    if isBackground { self.backgroundTurns.append(id) } else { self.turns.append(id) }
  }

  private mutating func nextTurn(isBackground: Bool) -> UInt64? {
    if isBackground { return self.backgroundTurns.isEmpty ? nil : self.backgroundTurns.removeFirst() }
    guard let first = self.turns.first else { return nil }
    if self.foregroundRun >= Self.maxForegroundRun, !self.backgroundTurns.isEmpty {
      self.foregroundRun = 0
      return self.backgroundTurns.removeFirst()
    }
    // One that comes when there is nothing else has no part in keeping them busy.
    let isBusy = self.turns.count > 1 || self.calls[first]!.groups.count > 1
    self.foregroundRun = isBusy && !self.backgroundTurns.isEmpty ? self.foregroundRun + 1 : 0
    return self.turns.removeFirst()
  }

  /// The next group for a worker, of the call whose turn it is.
  mutating func next(isBackground: Bool) -> Step {
    if self.isClosed { return .exit }
    guard let id = self.nextTurn(isBackground: isBackground) else { return .wait }
    let places = self.calls[id]!.groups.removeLast()
    let call = self.calls[id]!
    if !call.groups.isEmpty { self.queue(id, call.isBackground) }
    return .encode(
      Assignment(call: id, isBackground: call.isBackground, places: places, texts: places.map { call.texts[$0] }))
  }

  /// Takes a group's vectors. Returns the reply and all vectors when they were the call's last.
  mutating func finish(_ assignment: Assignment, _ vectors: [[Float]]) -> (Reply, [[Float]])? {
    guard self.calls[assignment.call] != nil else { return nil }
    for (place, vector) in zip(assignment.places, vectors) { self.calls[assignment.call]!.vectors[place] = vector }
    self.calls[assignment.call]!.missing -= vectors.count
    guard self.calls[assignment.call]!.missing == 0, let call = self.calls.removeValue(forKey: assignment.call) else {
      return nil
    }
    return (call.reply, call.vectors)
  }

  /// Forgets a call; what a worker still computes for it is dropped. Returns nothing if the call is not there.
  mutating func cancel(_ id: UInt64) -> Reply? {
    self.turns.removeAll { $0 == id }
    self.backgroundTurns.removeAll { $0 == id }
    return self.calls.removeValue(forKey: id)?.reply
  }

  /// Lets the workers exit. Returns the replies that nobody will give.
  mutating func close() -> [Reply] {
    self.isClosed = true
    (self.turns, self.backgroundTurns) = ([], [])
    defer { self.calls = [:] }
    return self.calls.values.map(\.reply)
  }
}

/// Cuts the texts of a call into groups of about equal work.
enum Grouping {
  /// Below this many tokens a group spends more time on reading the weights than it gains from a second thread.
  static let minTokenCount = 48

  /// Places of the texts, in groups of at most `maxTokenCount` tokens (no text being longer), as many for each worker.
  static func groups(lengths: [Int], maxTokenCount: Int, workerCount: Int) -> [[Int]] {
    let total = lengths.reduce(0, +)
    var count = (total + maxTokenCount - 1) / maxTokenCount
    if count < workerCount {
      count = min(workerCount, max(1, total / self.minTokenCount))
    } else {
      count = (count + workerCount - 1) / workerCount * workerCount
    }
    let longestFirst = lengths.indices.sorted { (lengths[$1], $0) < (lengths[$0], $1) }
    while true {
      count = min(max(count, 1), lengths.count)
      let (groups, largest) = self.fill(count, longestFirst, lengths)
      if largest <= maxTokenCount || count == lengths.count { return groups }
      count += max(1, count / 8)
    }
  }

  /// Each text, the longest first, goes to the group with the fewest tokens.
  private static func fill(_ count: Int, _ order: [Int], _ lengths: [Int]) -> (groups: [[Int]], largest: Int) {
    var groups = [[Int]](repeating: [], count: count)
    var sizes = [Int](repeating: 0, count: count)
    for place in order {
      var lightest = 0
      for group in sizes.indices where sizes[group] < sizes[lightest] { lightest = group }
      groups[lightest].append(place)
      sizes[lightest] += lengths[place]
    }
    return (groups.filter { !$0.isEmpty }, sizes.max() ?? 0)
  }
}

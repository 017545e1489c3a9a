/// Which texts are encoded next: the calls that wait take turns, one group of texts each, so that a short call waits
/// for no more than one group of every other. A value; its owner locks, then acts on what it returns.
struct GroupQueue<Reply> {
  /// One unit of a worker's work.
  struct Assignment {
    var call: UInt64
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

  /// Calls that wait or run.
  var callCount: Int { self.calls.count }

  init(maxCallCount: Int) {
    self.maxCallCount = maxCallCount
  }

  /// Adds a call; `groups` holds every place of `texts` once. Unless the answer is `waiting`, the reply is not kept.
  mutating func admit(_ id: UInt64, texts: [[UInt16]], groups: [[Int]], reply: Reply) -> Admission {
    if self.isClosed { return .closed }
    if self.calls.count == self.maxCallCount { return .full }
    self.calls[id] = Call(
      reply: reply, texts: texts, groups: groups.reversed(), vectors: Array(repeating: [], count: texts.count),
      missing: texts.count)
    self.turns.append(id)
    return .waiting
  }

  /// The next group, of the call whose turn it is.
  mutating func next() -> Step {
    if self.isClosed { return .exit }
    guard !self.turns.isEmpty else { return .wait }
    let id = self.turns.removeFirst()
    let places = self.calls[id]!.groups.removeLast()
    if !self.calls[id]!.groups.isEmpty { self.turns.append(id) }
    return .encode(Assignment(call: id, places: places, texts: places.map { self.calls[id]!.texts[$0] }))
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
    return self.calls.removeValue(forKey: id)?.reply
  }

  /// Lets the workers exit. Returns the replies that nobody will give.
  mutating func close() -> [Reply] {
    self.isClosed = true
    self.turns = []
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

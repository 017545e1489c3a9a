/// The messages of one partition that are not done with: which of them go next, and up to where all is done. Pure: it
/// is told what the log says, what is begun and how that ends, and what time it is.
///
/// Each webhook has room of its own, so that one whose other side is slow or dead holds up its own messages only.
public struct WebhookBacklog: Sendable {
  /// How much is under way at one time.
  public struct Bounds: Sendable {
    /// Attempts at one webhook's messages.
    public var maxAttemptsPerWebhook: Int
    /// Attempts in all.
    public var maxAttempts: Int
    /// Messages that wait; no more are read beyond it.
    public var maxWaitingCount: Int

    /// Bounds with all their parts.
    public init(maxAttemptsPerWebhook: Int = 4, maxAttempts: Int = 64, maxWaitingCount: Int = 50_000) {
      precondition(maxAttemptsPerWebhook > 0 && maxAttempts > 0 && maxWaitingCount > 0, "there is room for one")
      self.maxAttemptsPerWebhook = maxAttemptsPerWebhook
      self.maxAttempts = maxAttempts
      self.maxWaitingCount = maxWaitingCount
    }
  }

  /// An attempt that is to be made.
  public struct Attempt: Hashable, Sendable {
    /// Where the message stands.
    public var offset: Int64
    /// The webhook that it is for.
    public var webhookID: String
    /// Which attempt it is, from 1.
    public var number: Int
  }

  private struct Message {
    var webhookID: String
    /// Attempts that were made.
    var attemptCount = 0
    /// No attempt before this time.
    var due: Timestamp
    var isUnderWay = false
  }

  /// What of a webhook may go, in order, and how much is under way.
  private struct Lane {
    var ready: [Int64] = []
    var head = 0
    var underWayCount = 0

    var isEmpty: Bool { head == ready.count }

    mutating func takeFirst() -> Int64 {
      defer {
        head += 1
        if head > 1024, head * 2 > ready.count {
          ready.removeFirst(head)
          head = 0
        }
      }
      return ready[head]
    }
  }

  private let bounds: Bounds
  private var messages: [Int64: Message] = [:]
  /// Offsets in order, those that are done with at the front being dropped.
  private var order: [Int64] = []
  private var head = 0
  private var lanes: [String: Lane] = [:]
  /// Webhooks that have something ready, each once, in order of their turn.
  private var turns: [String] = []
  private var later = DueHeap()
  private var end: Int64
  private var underWayCount = 0

  /// A backlog that begins at offset `start`, below which all is done.
  public init(from start: Int64, bounds: Bounds = Bounds()) {
    self.end = start
    self.bounds = bounds
  }

  /// The offset to read on from.
  public var readNext: Int64 { end }
  /// Messages that are not done with.
  public var count: Int { messages.count }
  /// Whether there is room for more to be read.
  public var hasRoom: Bool { messages.count < bounds.maxWaitingCount }
  /// All messages below it are done with.
  public var next: Int64 { head < order.count ? order[head] : end }

  // MARK: What the log says

  /// The record at `offset` was read, whatever it was.
  public mutating func didRead(_ offset: Int64) { end = max(end, offset + 1) }

  /// At `offset` there is a message for `webhookID`, to be told from `due` on.
  public mutating func add(_ offset: Int64, for webhookID: String, due: Timestamp) {
    precondition(offset >= end, "the log is read in order, once")
    didRead(offset)
    messages[offset] = Message(webhookID: webhookID, due: due)
    order.append(offset)
    makeReady(offset, webhookID)
  }

  /// An attempt that was made before is told of by the log: by whoever had the partition, or by this one, which knows.
  public mutating func note(_ attempted: WebhookAttempted) {
    guard let message = messages[attempted.offset], !message.isUnderWay else { return }
    if attempted.result.isFinal { return finish(attempted.offset) }
    guard attempted.attempt > message.attemptCount, let due = attempted.nextAt else { return }
    messages[attempted.offset]?.attemptCount = attempted.attempt
    messages[attempted.offset]?.due = due
  }

  // MARK: What is done

  /// The attempts that are to be made now, at most as many as there is room for.
  public mutating func takeDue(now: Timestamp) -> [Attempt] {
    while let offset = later.takeFirst(through: now) {
      if let message = messages[offset] { makeReady(offset, message.webhookID) }
    }
    var attempts: [Attempt] = []
    var passed: [String] = []
    var index = 0
    while index < turns.count, underWayCount < bounds.maxAttempts {
      let webhookID = turns[index]
      index += 1
      if let attempt = takeFirst(of: webhookID, now: now) { attempts.append(attempt) }
      guard let lane = lanes[webhookID], !lane.isEmpty else { continue }
      // Its next one comes after the others' first ones.
      if lane.underWayCount < bounds.maxAttemptsPerWebhook { turns.append(webhookID) } else { passed.append(webhookID) }
    }
    turns = Array(turns[index...]) + passed
    return attempts
  }

  private mutating func takeFirst(of webhookID: String, now: Timestamp) -> Attempt? {
    guard var lane = lanes[webhookID] else { return nil }
    defer { lanes[webhookID] = lane.isEmpty && lane.underWayCount == 0 ? nil : lane }
    while !lane.isEmpty, lane.underWayCount < bounds.maxAttemptsPerWebhook {
      let offset = lane.takeFirst()
      guard let message = messages[offset], !message.isUnderWay else { continue }
      guard message.due <= now else {
        later.insert(offset, due: message.due)
        continue
      }
      lane.underWayCount += 1
      underWayCount += 1
      messages[offset]?.isUnderWay = true
      return Attempt(offset: offset, webhookID: webhookID, number: message.attemptCount + 1)
    }
    return nil
  }

  /// An attempt has ended, and is told again at `due`; nil where nothing more comes of the message.
  public mutating func end(_ attempt: Attempt, retryAt due: Timestamp?) {
    guard messages[attempt.offset]?.isUnderWay == true else { preconditionFailure("only what was begun can end") }
    underWayCount -= 1
    lanes[attempt.webhookID]?.underWayCount -= 1
    if let lane = lanes[attempt.webhookID], lane.isEmpty, lane.underWayCount == 0 { lanes[attempt.webhookID] = nil }
    guard let due else { return finish(attempt.offset) }
    messages[attempt.offset]?.isUnderWay = false
    messages[attempt.offset]?.attemptCount = attempt.number
    messages[attempt.offset]?.due = due
    later.insert(attempt.offset, due: due)
  }

  /// When the first one that waits for its time is due; nil where none does.
  public var nextDue: Timestamp? { later.first }

  // MARK: Inside

  private mutating func makeReady(_ offset: Int64, _ webhookID: String) {
    let wasEmpty = lanes[webhookID]?.isEmpty ?? true
    lanes[webhookID, default: Lane()].ready.append(offset)
    if wasEmpty, !turns.contains(webhookID) { turns.append(webhookID) }
  }

  private mutating func finish(_ offset: Int64) {
    messages[offset] = nil
    while head < order.count, messages[order[head]] == nil { head += 1 }
    if head > 1024, head * 2 > order.count {
      order.removeFirst(head)
      head = 0
    }
  }
}

/// Offsets by the time when they are due, the earliest first.
private struct DueHeap: Sendable {
  private var items: [(due: Timestamp, offset: Int64)] = []

  var first: Timestamp? { items.first?.due }

  mutating func insert(_ offset: Int64, due: Timestamp) {
    items.append((due, offset))
    var index = items.count - 1
    while index > 0, items[index] < items[(index - 1) / 2] {
      items.swapAt(index, (index - 1) / 2)
      index = (index - 1) / 2
    }
  }

  /// The first one that is due at `now`.
  mutating func takeFirst(through now: Timestamp) -> Int64? {
    guard let first = items.first, first.due <= now else { return nil }
    items.swapAt(0, items.count - 1)
    items.removeLast()
    var index = 0
    while true {
      var least = index
      for child in [2 * index + 1, 2 * index + 2] where child < items.count && items[child] < items[least] {
        least = child
      }
      guard least != index else { return first.offset }
      items.swapAt(index, least)
      index = least
    }
  }
}

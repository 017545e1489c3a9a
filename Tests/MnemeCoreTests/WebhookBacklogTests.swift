import MnemeCore
import Testing

@Suite struct WebhookBacklogTests {
  private static func time(_ seconds: Int) -> Timestamp { Timestamp(milliseconds: Int64(seconds) * 1000) }

  private static func backlog(perWebhook: Int = 2, all: Int = 4) -> WebhookBacklog {
    WebhookBacklog(
      from: 10, bounds: .init(maxAttemptsPerWebhook: perWebhook, maxAttempts: all, maxWaitingCount: 100))
  }

  private static func attempted(_ offset: Int64, _ attempt: Int, _ result: WebhookAttempted.Result, at due: Int? = nil)
    -> WebhookAttempted
  {
    WebhookAttempted(
      messageID: "m", offset: offset, webhookID: "a", attempt: attempt, result: result, nextAt: due.map(time))
  }

  @Test func `one that is slow leaves room to others`() {
    var backlog = Self.backlog()
    for offset in 10..<16 { backlog.add(Int64(offset), for: "slow", due: Self.time(0)) }
    backlog.add(16, for: "quick", due: Self.time(0))
    let first = backlog.takeDue(now: Self.time(1))
    #expect(first.map(\.offset) == [10, 16, 11] && first.map(\.number) == [1, 1, 1])
    backlog.end(first[1], retryAt: nil)
    #expect(backlog.takeDue(now: Self.time(1)).isEmpty && backlog.next == 10 && backlog.count == 6)
    backlog.end(first[2], retryAt: nil)
    #expect(backlog.takeDue(now: Self.time(1)).map(\.offset) == [12])
    backlog.end(first[0], retryAt: nil)
    #expect(backlog.next == 12)
  }

  @Test func `what is tried again waits for its time, and holds up nothing behind it`() {
    var backlog = Self.backlog()
    for offset in 10..<13 { backlog.add(Int64(offset), for: "a", due: Self.time(0)) }
    for attempt in backlog.takeDue(now: Self.time(1)) { backlog.end(attempt, retryAt: Self.time(100)) }
    #expect(backlog.takeDue(now: Self.time(2)).map(\.offset) == [12])
    #expect(backlog.nextDue == Self.time(100) && backlog.takeDue(now: Self.time(99)).isEmpty)
    #expect(backlog.takeDue(now: Self.time(100)).map(\.number) == [2])
  }

  @Test func `what the log says was done is not done again`() {
    var backlog = Self.backlog()
    for offset in 10..<13 { backlog.add(Int64(offset), for: "a", due: Self.time(0)) }
    backlog.note(Self.attempted(10, 1, .delivered))
    backlog.note(Self.attempted(11, 1, .retrying, at: 50))
    backlog.note(Self.attempted(11, 2, .retrying, at: 60))
    // Of a message before this backlog's beginning, and one that came late.
    backlog.note(Self.attempted(3, 1, .delivered))
    backlog.note(Self.attempted(11, 1, .retrying, at: 50))
    backlog.didRead(20)
    #expect(backlog.next == 11 && backlog.readNext == 21)
    #expect(backlog.takeDue(now: Self.time(59)).map(\.offset) == [12])
    let attempts = backlog.takeDue(now: Self.time(60))
    #expect(attempts.map(\.offset) == [11] && attempts.map(\.number) == [3])
  }

  @Test func `there is room until there is none`() {
    var backlog = WebhookBacklog(from: 0, bounds: .init(maxWaitingCount: 2))
    backlog.add(0, for: "a", due: Self.time(0))
    #expect(backlog.hasRoom)
    backlog.add(5, for: "a", due: Self.time(0))
    #expect(!backlog.hasRoom && backlog.readNext == 6)
    for attempt in backlog.takeDue(now: Self.time(0)) { backlog.end(attempt, retryAt: nil) }
    #expect(backlog.hasRoom && backlog.next == 6)
  }

  /// Whatever comes in whatever order: bounds hold, nothing is passed over, each message ends once, and a backlog that
  /// begins anew from the log goes on where this one was.
  @Test(arguments: 1...100)
  func `nothing is lost and nothing overflows`(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    let webhooks = ["a", "b", "c", "dead"]
    var backlog = Self.backlog(perWebhook: 2, all: 5)
    var log: [(offset: Int64, webhook: String?, attempted: WebhookAttempted?)] = []
    var underWay: [WebhookBacklog.Attempt] = []
    var ended: Set<Int64> = []
    var now = 0
    var end: Int64 = 10
    for step in 0..<800 {
      let isLast = step > 500
      switch random.below(isLast ? 8 : 12) {
      case 8...11:
        let webhook = webhooks[random.below(webhooks.count)]
        backlog.add(end, for: webhook, due: Self.time(0))
        log.append((end, webhook, nil))
        end += Int64(1 + random.below(3))
      case 4...7 where !underWay.isEmpty:
        let attempt = underWay.remove(at: random.below(underWay.count))
        let isFinal = attempt.webhookID == "dead" ? attempt.number >= 4 : random.below(3) > 0
        let due = isFinal ? nil : Self.time(now + random.below(30))
        backlog.end(attempt, retryAt: due)
        if isFinal { #expect(ended.insert(attempt.offset).inserted) }
        log.append(
          (
            end, nil,
            WebhookAttempted(
              messageID: "m", offset: attempt.offset, webhookID: attempt.webhookID, attempt: attempt.number,
              result: isFinal ? .delivered : .retrying, nextAt: due)
          ))
        backlog.didRead(end)
        end += 1
      case 3 where random.below(10) == 0:
        // Killed: what was under way is begun again, what ended is not.
        let next = backlog.next
        backlog = WebhookBacklog(
          from: next, bounds: .init(maxAttemptsPerWebhook: 2, maxAttempts: 5, maxWaitingCount: 100))
        underWay = []
        for record in log where record.offset >= next {
          if let webhook = record.webhook { backlog.add(record.offset, for: webhook, due: Self.time(0)) }
          if let attempted = record.attempted { backlog.note(attempted) }
          backlog.didRead(record.offset)
        }
      default:
        now += random.below(20)
        for attempt in backlog.takeDue(now: Self.time(now)) {
          #expect(!ended.contains(attempt.offset) && !underWay.contains { $0.offset == attempt.offset })
          underWay.append(attempt)
        }
        #expect(underWay.count <= 5)
        for webhook in webhooks { #expect(underWay.count { $0.webhookID == webhook } <= 2) }
      }
      let open = log.filter { $0.webhook != nil && !ended.contains($0.offset) }.map(\.offset)
      #expect(backlog.count == open.count && backlog.next == open.first ?? backlog.readNext, "seed \(seed)")
    }
    for attempt in underWay { backlog.end(attempt, retryAt: nil) }
    var rounds = 0
    while backlog.count > 0, rounds < 1000 {
      for attempt in backlog.takeDue(now: Self.time(now + 1000)) { backlog.end(attempt, retryAt: nil) }
      rounds += 1
    }
    #expect(backlog.count == 0 && backlog.next == backlog.readNext, "seed \(seed)")
  }
}

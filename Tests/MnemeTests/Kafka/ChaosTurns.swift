import EventLog
import MnemeCore

/// What the publisher of a chaos test says: some owners, each in an order of its own, all from one seed.
struct ChaosTurns {
  /// In the order of their publication.
  let records: [NewRecord]
  /// The event ids of each owner, in order.
  let idsByOwner: [String: [String]]

  init(count: Int, ownerCount: Int, seed: UInt64) {
    var random = SplitMix64(seed: seed)
    var records: [NewRecord] = []
    var ids: [String: [String]] = [:]
    for number in 0..<count {
      let owner = "user-\(random.below(ownerCount))"
      let id = "turn-\(number)"
      ids[owner, default: []].append(id)
      records.append(Self.record(id: id, owner: owner, number: number, text: Self.text(number, &random)))
    }
    self.records = records
    self.idsByOwner = ids
  }

  private static func text(_ number: Int, _ random: inout SplitMix64) -> String {
    let city = ["Lisbon", "Berlin", "Oslo", "Quito", "Rome"][random.below(5)]
    switch random.below(8) {
    case 0: return "I moved to \(city) last month."
    case 1: return "I bought radio number \(number) yesterday."
    case 2: return "Thanks!"
    case 3: return "I'm allergic to \(["peanuts", "milk", "cats"][random.below(3)])."
    case 4: return "My sister Anna visited me in \(city) and we talked about plan \(number)."
    case 5: return "I work as a \(["baker", "pilot", "nurse"][random.below(3)]) in \(city)."
    case 6: return "My favourite colour is \(["red", "blue", "green"][random.below(3)])."
    default: return "I love hiking near lake \(random.below(20))."
    }
  }

  /// As a chat platform publishes it, in plaintext.
  private static func record(id: String, owner: String, number: Int, text: String) -> NewRecord {
    let minutes = number % 60
    let hours = number / 60 % 24
    let days = 1 + number / 1440
    func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
    let time = "2026-10-\(two(days))T\(two(hours)):\(two(minutes)):00Z"
    let body: JSONValue = [
      "scope": ["user_id": .string(owner)], "timestamp": .string(time),
      "messages": [["role": "user", "content": .string(text)]],
    ]
    return NewRecord(
      topic: Topics.ingress, key: Array(owner.utf8), value: EventBodyCoding.encode(body),
      headers: [
        LogHeader("ce_specversion", "1.0"), LogHeader("ce_id", id),
        LogHeader("ce_type", EventType.turnRecorded.rawValue), LogHeader("ce_time", time),
      ])
  }

  /// Records that no stage can make anything of, each of another kind.
  static let poison: [NewRecord] = [
    NewRecord(topic: Topics.ingress, key: nil, value: [0xff, 0x00, 0xfe], headers: []),
    poison(Topics.ingress, type: EventType.turnRecorded.rawValue, value: "{\"messages\": "),
    poison(Topics.ingress, type: "mneme.turn.forgotten.v1", value: "{}"),
    poison(Topics.ingress, type: "mneme.turn.recorded.v9", value: "{}"),
    NewRecord(topic: Topics.turns, key: nil, value: [0xc0, 0xaf], headers: [], partition: 1),
    poison(Topics.turns, type: "mneme.turn.recorded.v9", value: "{}"),
    poison(Topics.facts(generation: "g1"), type: "mneme.facts.extracted.v9", value: "{}"),
  ]

  private static func poison(_ topic: String, type: String, value: String) -> NewRecord {
    NewRecord(
      topic: topic, key: Array("default/user:user-1".utf8), value: Array(value.utf8),
      headers: [
        LogHeader("ce_specversion", "1.0"), LogHeader("ce_id", "poison"), LogHeader("ce_source", "/test"),
        LogHeader("ce_type", type), LogHeader("ce_time", "2026-10-01T00:00:00Z"),
      ])
  }
}

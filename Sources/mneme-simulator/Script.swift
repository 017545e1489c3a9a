import EventLog
import MnemeCore

/// What the owners of one run say and ask for, in the order of each owner. It follows from the seed alone.
struct Script {
  struct Step {
    var event: CloudEvent
    /// Whether nobody can read it.
    var isPoison = false
  }

  let steps: [Step]

  private static let places = ["Lisbon", "Berlin", "Oslo", "Quito"]
  private static let foods = ["peanuts", "shellfish", "milk", "apples"]
  private static let smallTalk = ["Hello!", "Thanks!", "ok cool", "How are you?"]

  init(turnCount: Int, random: inout SplitMix64) {
    let start = Timestamp(CivilDay(year: 2026, month: 1, day: 5), hour: 9)
    steps = (0..<turnCount).map { number in
      let time = Timestamp(milliseconds: start.milliseconds + Int64(number) * 3_600_000)
      let user = "user-\(random.below(5))"
      return Self.step(number, user: user, time: time, &random)
    }
  }

  private static func step(_ number: Int, user: String, time: Timestamp, _ random: inout SplitMix64) -> Step {
    let owner = OwnerKey(tenant: "sim", owner: Owner(kind: .user, id: user))
    func event(_ type: EventType, _ data: [UInt8]) -> CloudEvent {
      CloudEvent(
        id: "event-\(number)", type: type.rawValue, source: "/mneme/simulator", time: time, owner: owner, data: data)
    }
    switch random.below(20) {
    case 0: return Step(event: event(.turnRecorded, Array("{broken".utf8)), isPoison: true)
    case 1:
      let request = MemoriesDeletionRequest(scope: Scope(userID: user))
      return Step(event: event(.memoriesDeletionRequested, EventBodyCoding.encode(request)))
    default:
      let body = TurnBody(
        scope: Scope(userID: user), messages: [Message(role: "user", content: statement(number, &random))],
        timestamp: time, infer: random.below(8) != 0)
      return Step(event: event(.turnRecorded, EventBodyCoding.encode(body)))
    }
  }

  private static func statement(_ number: Int, _ random: inout SplitMix64) -> String {
    switch random.below(6) {
    case 0: "I live in \(places[random.below(places.count)])."
    case 1: "I moved to \(places[random.below(places.count)]) last month."
    case 2: "I'm allergic to \(foods[random.below(foods.count)])."
    case 3: smallTalk[random.below(smallTalk.count)]
    case 4: "I love \(foods[random.below(foods.count)]) and I bought \(random.below(9)) of them yesterday."
    default: "My neighbour repaired radio number \(number) with me."
    }
  }
}

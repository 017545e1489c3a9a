import MnemeCore

@testable import BuiltInModels

/// Sunday, 15 March 2026, ten past nine.
let sunday = Timestamp(CivilDay(year: 2026, month: 3, day: 15), hour: 9, minute: 10)

/// The facts of one message of the user's, or of somebody with a name.
func facts(_ content: String, role: String = "user", name: String? = nil, at time: Timestamp = sunday)
  -> [FactCandidate]
{
  let body = TurnBody(
    scope: Scope(userID: "u"), messages: [Message(role: role, content: content, name: name)], timestamp: time)
  return RuleExtractor().facts(
    of: Turn(id: "e", owner: OwnerKey("t/user:u")!, receivedAt: time, body: body))
}

/// A fact as the tables below write it: `subject attribute=value`, with `not` for a denial and `was` for what is over.
func line(_ fact: FactCandidate) -> String {
  guard let attribute = fact.attribute else { return fact.text }
  let mark = fact.polarity == .negative ? "not " : fact.validTo != nil ? "was " : ""
  return mark + fact.subject + " " + attribute + "=" + (fact.value ?? "")
}

/// The slots of a message, one a line.
func slots(_ content: String, name: String? = nil, at time: Timestamp = sunday) -> [String] {
  facts(content, name: name, at: time).filter { $0.attribute != nil }.map(line)
}

import EventLog
import MnemeCore
import Testing

/// What outside publishers send, and what becomes of it: one change each to a record that is good.
struct IngressCase: Sendable, CustomTestStringConvertible {
  enum Outcome: Sendable {
    /// Moved to the turns topic under this key.
    case moved(key: String)
    /// Parked with this code; the reason's text holds these words.
    case parked(code: String, words: String)
  }

  let name: String
  let change: @Sendable (inout NewRecord) -> Void
  let outcome: Outcome

  var testDescription: String { name }

  /// Takes the least that a publisher has to send, and a little more.
  static let good = NewRecord(
    topic: Topics.ingress, key: nil, value: body(),
    headers: [
      LogHeader("ce_specversion", "1.0"), LogHeader("ce_id", "chat-7/3"),
      LogHeader("ce_type", EventType.turnRecorded.rawValue), LogHeader("ce_source", "/chat"),
      LogHeader("ce_time", "2026-11-20T18:30:00+01:00"),
    ])

  static func body(_ members: [String: JSONValue] = [:]) -> [UInt8] {
    let standard: [String: JSONValue] = [
      "scope": ["user_id": "alex"], "messages": [["role": "user", "content": "I moved to Berlin"]],
    ]
    return EventBodyCoding.encode(JSONValue.object(standard.merging(members) { $1 }))
  }

  // MARK: Making them

  static let alex = Outcome.moved(key: "default/user:alex")

  static func malformed(_ words: String) -> Outcome { .parked(code: "malformed_body", words: words) }
  static func envelope(_ words: String) -> Outcome { .parked(code: "malformed_envelope", words: words) }
  static func unknown(_ words: String) -> Outcome { .parked(code: "unknown_type", words: words) }

  /// The header set, or left out where it is nil.
  static func header(_ name: String, _ value: String?, _ outcome: Outcome) -> IngressCase {
    IngressCase(
      name: "\(name): \(value.map { $0.prefix(40).description } ?? "none")",
      change: { record in
        record.headers.removeAll { $0.name == name }
        if let value { record.headers.append(LogHeader(name, value)) }
      }, outcome: outcome)
  }

  static func member(_ name: String, _ value: JSONValue, _ outcome: Outcome) -> IngressCase {
    let text = String(decoding: EventBodyCoding.encode([name: value]), as: UTF8.self)
    return IngressCase(
      name: String(text.prefix(100)), change: { $0.value = body([name: value]) }, outcome: outcome)
  }

  static func text(_ name: String, _ body: String, _ outcome: Outcome) -> IngressCase {
    IngressCase(name: name, change: { $0.value = Array(body.utf8) }, outcome: outcome)
  }

  static func bytes(_ name: String, _ outcome: Outcome, _ change: @escaping @Sendable (inout NewRecord) -> Void)
    -> IngressCase
  {
    IngressCase(name: name, change: change, outcome: outcome)
  }

  static func message(_ members: [String: JSONValue], _ outcome: Outcome) -> IngressCase {
    let standard: [String: JSONValue] = ["role": "user", "content": "hello"]
    return member("messages", [.object(standard.merging(members) { $1 })], outcome)
  }

  // MARK: The table

  static let all: [IngressCase] = envelopes + tenantsAndKeys + bodies + members + sizes

  private static let envelopes: [IngressCase] = [
    bytes("as it stands", alex) { _ in },
    header("ce_specversion", nil, alex),
    header("ce_specversion", "0.3", envelope("ce_specversion is not 1.0")),
    header("ce_id", nil, envelope("ce_id is missing")),
    header("ce_id", "", envelope("ce_id is empty")),
    header("ce_id", String(repeating: "x", count: 257), envelope("ce_id has more than 256")),
    header("ce_id", "a\nb", envelope("ce_id holds a control character")),
    header("ce_source", nil, alex),
    header("ce_source", "", envelope("ce_source is empty")),
    header("ce_time", nil, alex),
    header("ce_time", "yesterday", envelope("ce_time is no RFC 3339")),
    header("ce_time", "9999-12-31T23:59:59-10:00", envelope("ce_time is no RFC 3339")),
    header("ce_type", nil, envelope("ce_type is missing")),
    header("ce_type", "com.example.chat", unknown("not known")),
    header("ce_type", "mneme.turn.recorded.v2", unknown("not known")),
    header("ce_type", EventType.memoryEditRequested.rawValue, unknown("use the HTTP API")),
    header("ce_type", EventType.memoryDeletionRequested.rawValue, unknown("use the HTTP API")),
    header("ce_type", EventType.memoriesDeletionRequested.rawValue, unknown("use the HTTP API")),
    header("ce_type", EventType.memoriesResolved.rawValue, unknown("does not belong")),
    header("ce_type", EventType.recordParked.rawValue, unknown("does not belong")),
    header("ce_datakeyid", "k1", envelope("not sealed")),
    header("content-type", "application/json; charset=utf-8", alex),
    header("content-type", "application/cloudevents+json", envelope("structured mode")),
    header("CE_ID", "other", envelope("spell it so")),
    header("ce_traceparent", "00-1-2-03", alex),
    bytes("two ids", envelope("ce_id stands twice")) { $0.headers.append(LogHeader("ce_id", "other")) },
    bytes("the same id twice", alex) { $0.headers.append(LogHeader("ce_id", "chat-7/3")) },
    bytes("an id that is not UTF-8", envelope("ce_id is not UTF-8")) { record in
      record.headers.removeAll { $0.name == "ce_id" }
      record.headers.append(LogHeader("ce_id", bytes: [0xff, 0xfe]))
    },
    bytes("another header that is not UTF-8", alex) { $0.headers.append(LogHeader("x", bytes: [0xff, 0xfe])) },
    bytes("no headers", envelope("ce_id is missing")) { $0.headers = [] },
  ]

  private static let tenantsAndKeys: [IngressCase] = [
    header("ce_tenant", "acme", .moved(key: "acme/user:alex")),
    header("ce_tenant", "", envelope("ce_tenant is empty")),
    header("ce_tenant", "acme/user:bob", envelope("ce_tenant holds a '/'")),
    header("ce-tenant", "acme", envelope("spell it so")),
    header("CE_Tenant", "acme", envelope("spell it so")),
    bytes("two tenants", envelope("ce_tenant stands twice")) {
      $0.headers += [LogHeader("ce_tenant", "acme"), LogHeader("ce_tenant", "other")]
    },
    bytes("a key of its own", alex) { $0.key = Array("room-17".utf8) },
    bytes("a key that is not text", alex) { $0.key = [0xff, 0x00] },
    bytes("the owner's key", alex) { $0.key = Array("default/user:alex".utf8) },
    bytes("another owner's key", .parked(code: "malformed_key", words: "another owner")) {
      $0.key = Array("default/user:bob".utf8)
    },
    bytes("another tenant's key", .parked(code: "malformed_key", words: "another owner")) {
      $0.key = Array("acme/user:alex".utf8)
    },
    member("scope", ["agent_id": "bot", "run_id": "r"], .moved(key: "default/agent:bot")),
    member("scope", ["run_id": "r", "app_id": "a"], .moved(key: "default/run:r")),
    member("scope", ["app_id": "a"], .moved(key: "default/app:a")),
    member("scope", [:], malformed("one of user_id, agent_id, run_id and app_id is required")),
    member("scope", ["user_id": ""], malformed("user_id is empty")),
    member("scope", ["user_id": "*"], malformed("names no one")),
    member("scope", ["user_id": 7], malformed("scope.user_id")),
    member("scope", ["user_id": "alex", "userid": "bob"], malformed("\"userid\"")),
  ]

  private static let bodies: [IngressCase] = [
    bytes("garbage", malformed("UTF-8")) { $0.value = [0xff, 0x00, 0x7b] },
    bytes("a string that is not UTF-8", malformed("UTF-8")) {
      $0.value = Array("{\"scope\":{\"user_id\":\"".utf8) + [0xff] + Array("\"},\"messages\":[]}".utf8)
    },
    bytes("a schema registry's frame", malformed("JSON")) { $0.value = [0, 0, 0, 0, 1] + body() },
    text("nothing", "", malformed("JSON")), text("half", "{\"scope\": {", malformed("JSON")),
    text("a list", "[]", malformed("the document")), text("null", "null", malformed("null")),
    text("an open string", "{\"scope", malformed("JSON")), text("a stray backslash", "{\"\\", malformed("JSON")),
    text("closing first", "]}]{\"a\":1", malformed("JSON")), text("a comma first", ",\"a\"", malformed("JSON")),
    text("a number beyond all", "{\"metadata\":{\"n\":1e999}}", malformed("metadata")),
    text("two owners", "{\"scope\":{\"user_id\":\"a\",\"user_id\":\"b\"},\"messages\":[]}", malformed("twice")),
    text("two owners, one escaped", "{\"scope\":{\"user_id\":\"a\",\"user_i\\u0064\":\"b\"}}", malformed("twice")),
    text("deep", String(repeating: "[", count: 10_000), malformed("nest")),
  ]

  private static let members: [IngressCase] = [
    message(["content": "a\u{0}b"], malformed("messages[0].content holds U+0000")),
    member("metadata", ["a": [["b": "\u{0}"]]], malformed("metadata holds U+0000")),
    member("metadata", ["a\u{0}": 1], malformed("metadata holds U+0000")),
    member("custom_instructions", "\u{0}", malformed("custom_instructions holds U+0000")),
    member("excludes", "a\u{0}", malformed("excludes holds U+0000")),
    member("includes", ["food"], malformed("includes")),
    member("agent_custom_instructions", "what was recommended", alex),
    member("custom_categories", [["name": "food", "description": "meals"], ["name": "x"]], alex),
    member("custom_categories", [], alex),
    member("custom_categories", [["food": "meals"]], malformed("custom_categories[0] has a member \"food\"")),
    member("custom_categories", ["food"], malformed("custom_categories")),
    member("custom_categories", [["description": "meals"]], malformed("name is missing")),
    member("custom_categories", [["name": "a"], ["name": " "]], malformed("custom_categories[1] has no name")),
    member(
      "custom_categories", .array((0..<101).map { ["name": .string("c\($0)")] }), malformed("more than 100 elements")),
    member("timestamp", "2026-11-20", alex),
    member("timestamp", "soon", malformed("timestamp")),
    member("timestamp", 5, malformed("timestamp")),
    member("timestamp", "0001-01-01T00:00:00+10:00", malformed("timestamp has no year")),
    member("expiration_date", "9999-12-31T23:59:59-10:00", malformed("expiration_date has no year")),
    member("infer", "no", malformed("infer")),
    member("infer", false, alex),
    member("metadata", ["deep": [["n": .double(1.5), "none": nil]]], alex),
    member("metadata", [], malformed("metadata")),
    text(
      "a whole number too large", "{\"metadata\":{\"n\":12345678901234567890}}", malformed("64 bits")),
    member("user_id", "alex", malformed("\"user_id\"")),
    member("expirationDate", "2026-11-20", malformed("\"expirationDate\"")),
    member("messages", [], malformed("no message has a text")),
    member("messages", "hello", malformed("messages")),
    member("messages", nil, malformed("messages")),
    message(["content": " \n"], malformed("no message has a text")),
    message(["content": nil], malformed("content")),
    message(["role": ""], malformed("messages[0].role is empty")),
    message(["role": .string(String(repeating: "r", count: 65))], malformed("role has more than 64")),
    message(["name": "a\u{7}"], malformed("name holds a control character")),
    message(["id": .string(String(repeating: "i", count: 257))], malformed("id has more than 256")),
    message(["timestamp": "2026-11-20T18:30:00Z", "id": "m1", "name": "Alex"], alex),
    message(["time": "2026-11-20T18:30:00Z"], malformed("messages[0] has a member \"time\"")),
    member("\u{1b}[2J", 1, malformed("\"\u{fffd}[2J\"")),
  ]

  /// With the bounds that the tests set: 20,000 bytes for a record, 10,000 for a message, three messages.
  private static let sizes: [IngressCase] = [
    message(["content": .string(String(repeating: "é", count: 5000))], alex),
    message(
      ["content": .string(String(repeating: "é", count: 5001))],
      .parked(code: "record_too_large", words: "content has more than 10000 bytes")),
    member("messages", .array(Array(repeating: ["role": "user", "content": "x"], count: 3)), alex),
    member(
      "messages", .array(Array(repeating: ["role": "user", "content": "x"], count: 4)), malformed("more than 3")),
    member("custom_instructions", .string(String(repeating: "é", count: 100)), alex),
    member("custom_instructions", .string(String(repeating: "é", count: 101)), malformed("more than 100")),
    member("includes", .string(String(repeating: "é", count: 101)), malformed("includes has more than 100")),
    member(
      "metadata", ["pad": .string(String(repeating: "x", count: 20_000))],
      .parked(code: "record_too_large", words: "more than 20000")),
  ]
}

import FoundationEssentials
import LanguageModel
import MnemeCore
import MnemeProjection
import Synchronization
import Testing

@testable import MnemeQuery

@Suite struct TimeTravelTests {
  static let filters: JSONValue = ["user_id": "alice"]

  @Test(
    arguments: [
      (["as_of": "2026-01-01"], "2026-01-01", nil, "2026-01-01"),
      (["valid_at": 1_767_225_600], nil, "2026-01-01", "2026-11-21T09:00:00Z"),
      (
        ["as_of": "2026-01-01T02:00:00+01:00", "valid_at": "2025-06-01", "reference_date": "2025-07-01"],
        "2026-01-01T01:00:00Z", "2025-06-01", "2025-07-01"
      ),
      (["as_of": nil, "valid_at": nil], nil, nil, "2026-11-21T09:00:00Z"),
    ] as [([String: JSONValue], String?, String?, String)])
  func `lists and searches take both times`(
    members: [String: JSONValue], asOf: String?, validAt: String?, reference: String
  ) async throws {
    let harness = Harness()
    try await harness.run { client in
      for path in ["/v3/memories/", "/v3/memories/search/"] {
        let body: [String: JSONValue] = ["query": "tea", "filters": Self.filters]
        let reply = try await client.send("POST", path, json: .object(body.merging(members) { $1 }))
        #expect(reply.status == 200, "\(reply.text)")
      }
    }
    let queries = harness.reader.state.withLock { $0.queries + $0.searches.map(\.query) }
    #expect(queries.count == 2)
    for query in queries {
      #expect(query.asOf == asOf.flatMap { Timestamp($0) })
      #expect(query.validAt == validAt.flatMap { Timestamp($0) })
      #expect(query.notExpiredAt == Timestamp(reference))
    }
  }

  @Test(
    arguments: [
      (["as_of": "soon"], "as_of must be an RFC 3339 time"), (["valid_at": true], "valid_at must be an RFC 3339 time"),
      (
        ["as_of": "2026-01-01", "filters": ["run_id": "r"]],
        "as_of is answered for one user: put user_id into filters, outside of OR and NOT"
      ),
      (["as_of": "2026-01-01", "filters": ["OR": [["user_id": "a"], ["user_id": "b"]]]], "as_of is answered for one"),
    ] as [([String: JSONValue], String)])
  func `what cannot be answered is refused`(members: [String: JSONValue], message: String) async throws {
    let harness = Harness()
    try await harness.run { client in
      for path in ["/v3/memories/", "/v3/memories/search/"] {
        let body: [String: JSONValue] = ["query": "tea", "filters": Self.filters]
        let reply = try await client.send("POST", path, json: .object(body.merging(members) { $1 }))
        #expect(reply.status == 400)
        #expect(try reply.json["detail"]?.stringValue?.hasPrefix(message) == true, "\(reply.text)")
      }
    }
  }

  @Test func `a reader that cannot answer says what can`() async throws {
    let harness = Harness()
    harness.reader.change { $0.failure = ProjectionError(.unanswerable, "ask for less") }
    try await harness.run { client in
      let reply = try await client.send("POST", "/v3/memories/", json: ["filters": Self.filters])
      #expect(reply.status == 400)
      #expect(try reply.json["detail"] == "ask for less")
    }
  }

  @Test(
    arguments: [
      ("2026-11-21T09:00:00Z", 200), ("2026-11-22", 200), ("1795251600", 200), ("1795251599.5", 404),
      ("2026-11-21", 404), ("soon", 400), ("", 400), ("nan", 400), ("99999999999999", 400),
    ])
  func `one memory is read as it was`(asOf: String, status: Int) async throws {
    let harness = Harness()
    let id = UUID()
    harness.reader.put(Fixture.view("Likes tea", id: id))
    try await harness.run { client in
      let reply = try await client.send("GET", "/v1/memories/\(id.text)/?as_of=\(asOf)")
      #expect(reply.status == status, "\(reply.text)")
      if status == 400 { #expect(try reply.json["detail"]?.stringValue?.hasPrefix("as_of must be") == true) }
    }
  }

  @Test(
    arguments: [
      ("What was on 7 May 2023?", "on 7 May 2023", "2023-05-07T00:00:00.000Z", "2023-05-08T00:00:00.000Z"),
      ("Where was I yesterday?", "yesterday", "2026-11-20T00:00:00.000Z", "2026-11-21T00:00:00.000Z"),
      ("Where did I live before 2020?", "before 2020", nil, "2020-01-01T00:00:00.000Z"),
      ("Since May?", "Since May", "2026-05-01T00:00:00.000Z", nil),
      ("Where did I live before I moved?", "before I moved", nil, "2026-11-20T08:00:00.000Z"),
      ("How was I after the accident?", "after the accident", "2026-11-20T08:00:00.000Z", nil),
    ] as [(String, String, String?, String?)])
  func `the time that a question asks about is understood and explained`(
    question: String, words: String, from: String?, to: String?
  ) async throws {
    let harness = Harness()
    harness.reader.put(Fixture.view("Moved to Berlin"))
    try await harness.run { client in
      let reply = try await client.send(
        "POST", "/v3/memories/search/",
        json: ["query": .string(question), "filters": Self.filters, "explain": true])
      #expect(
        try reply.json["time"] == [
          "words": .string(words), "from": from.map(JSONValue.string) ?? .null,
          "to": to.map(JSONValue.string) ?? .null,
        ])
    }
    let interval = harness.reader.state.withLock { $0.searches.last?.time }
    #expect(interval?.from == from.flatMap { Timestamp($0) } ?? CivilInterval.distantPast)
    #expect(interval?.to == to.flatMap { Timestamp($0) } ?? CivilInterval.distantFuture)
  }

  @Test func `questions are understood from the reference date`() async throws {
    let harness = Harness()
    try await harness.run { client in
      for members in [["reference_date": "2020-03-15"], ["as_of": "2020-03-15"]] as [[String: JSONValue]] {
        let body: [String: JSONValue] = ["query": "Where was I yesterday?", "filters": Self.filters]
        let reply = try await client.send(
          "POST", "/v3/memories/search/", json: .object(body.merging(members) { $1 }))
        #expect(try reply.json["time"] == nil)
      }
    }
    let searches = harness.reader.state.withLock { $0.searches }
    #expect(searches.map { $0.time?.from.day.description } == ["2020-03-14", "2020-03-14"])
  }

  @Test func `an event is looked up among all of the user's memories`() async throws {
    let harness = Harness()
    harness.reader.put(Fixture.view("Moved to Berlin", scope: Scope(userID: "alice", agentID: "bot")))
    try await harness.run { client in
      _ = try await client.send(
        "POST", "/v3/memories/search/",
        json: [
          "query": "Where did I live before I moved?", "valid_at": "2026-01-01",
          "filters": ["user_id": "alice", "agent_id": "bot", "run_id": "r", "categories": "home"],
        ])
    }
    let searches = harness.reader.state.withLock { $0.searches }
    #expect(searches.count == 2)
    #expect(searches[0].text == "I moved" && searches[0].limit == 1 && searches[0].query.includesEnded)
    #expect(searches[0].query.validAt == nil && searches[0].time == nil)
    #expect(
      searches[0].query.filter == .and([.compare(.userID, .eq, "alice"), .compare(.agentID, .eq, "bot")]))
    // One request to the embedder for both.
    #expect(harness.embedder.askedTexts == ["Where did I live before I moved?", "I moved"])
  }

  @Test(arguments: ["nobody", "several", "no embedding"])
  func `an event that is not found means no time`(reason: String) async throws {
    let harness = Harness()
    if reason != "nobody" { harness.reader.put(Fixture.view("Moved", scope: Scope(userID: "alice", runID: "r"))) }
    if reason == "no embedding" { harness.embedder.behave(.fails(ModelError(.unreachable, "no connection"))) }
    try await harness.run { client in
      let reply = try await client.send(
        "POST", "/v3/memories/search/",
        json: [
          "query": "Where did I live before I moved?", "explain": true,
          "filters": reason == "several" ? ["run_id": "r"] : Self.filters,
        ])
      #expect(reply.status == 200)
      #expect(try reply.json["time"] == JSONValue.null)
    }
    #expect(harness.reader.state.withLock { $0.searches.last }?.time == nil)
  }
}

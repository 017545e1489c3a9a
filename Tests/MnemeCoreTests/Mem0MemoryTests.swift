import FoundationEssentials
import MnemeCore
import Testing

/// Memories of mem0, and the turns that they become.
@Suite struct Mem0MemoryTests {
  static let plain: [String: JSONValue] = ["id": "m1", "memory": "Likes tea", "user_id": "alice"]

  static func turn(_ members: [String: JSONValue]) throws -> TurnBody {
    try Mem0Memory(plain.merging(members) { $1 }).turn
  }

  @Test func whatGetAllReturnsIsKept() throws {
    let memory = try Mem0Memory([
      "id": "8f7c1d1e-0000-4000-8000-000000000001", "memory": " Likes tea ☕\n", "hash": "x", "user_id": "alice",
      "agent_id": "helper", "app_id": "shop", "run_id": "r1", "actor_id": "Alice", "role": "assistant",
      "created_at": "2024-07-20T01:30:36.275141-07:00", "updated_at": "2025-01-01T00:00:00Z",
      "metadata": ["a": [1, nil, ["b": .double(2.5)]]], "categories": ["food"], "expiration_date": "2099-01-02",
      "score": .double(0.5), "unknown": ["x"],
    ])
    #expect(
      memory.turn
        == TurnBody(
          scope: Scope(userID: "alice", agentID: "helper", appID: "shop", runID: "r1"),
          messages: [
            Message(
              role: "assistant", content: " Likes tea ☕\n", name: "Alice", id: "8f7c1d1e-0000-4000-8000-000000000001")
          ],
          timestamp: Timestamp("2024-07-20T08:30:36.275Z"), infer: false,
          metadata: ["a": [1, nil, ["b": .double(2.5)]], "categories": ["food"]],
          expirationDate: Timestamp("2099-01-02")))
    #expect(memory.eventID == Derivation.uuid("import", "8f7c1d1e-0000-4000-8000-000000000001"))
  }

  @Test func aPayloadSaysTheSameInItsOwnWay() throws {
    let payload: [String: JSONValue] = [
      "data": "Likes tea", "hash": "x", "text_lemmatized": "like tea", "user_id": 42, "created_at": 1_700_000_000,
      "role": "user", "mood": "good", "tags": ["a"],
    ]
    let turn = try Mem0Memory(payload: payload, id: 7).turn
    #expect(turn.scope == Scope(userID: "42"))
    #expect(turn.messages == [Message(role: "user", content: "Likes tea", id: "7")])
    #expect(turn.timestamp == Timestamp("2023-11-14T22:13:20Z"))
    #expect(turn.metadata == ["mood": "good", "tags": ["a"]])
  }

  @Test(
    arguments: [
      (["created_at": "2024-01-02T03:04:05"], "2024-01-02T03:04:05.000Z"), (["created_at": nil], nil),
      (["created_at": "2024-01-02"], "2024-01-02T00:00:00.000Z"), ([:], nil),
      (["created_at": "2026-01-01", "valid_from": "2024-01-02"], "2024-01-02T00:00:00.000Z"),
    ] as [([String: JSONValue], String?)])
  func itIsDatedByWhatItSays(members: [String: JSONValue], time: String?) throws {
    #expect(try Self.turn(members).timestamp?.description == time)
  }

  @Test(
    arguments: [
      ([:], "user", nil), (["role": "assistant"], "assistant", nil), (["role": "system"], "user", nil),
      (["actor": "assistant"], "assistant", nil), (["actor": "Bob"], "user", "Bob"),
      (["actor": "Bob", "role": "tool"], "tool", "Bob"), (["actor_id": "a\nb"], "user", nil),
      (["actor_id": "Ann", "actor": "user"], "user", "Ann"),
    ] as [([String: JSONValue], String, String?)])
  func itsSpeakerIsKept(members: [String: JSONValue], role: String, name: String?) throws {
    let message = try #require(try Self.turn(members).messages.first)
    #expect(message.role == role)
    #expect(message.name == name)
  }

  @Test(
    arguments: [
      (["categories": ["misc"]], nil), (["categories": ["food"]], ["categories": ["food"]]), (["metadata": nil], nil),
      (["categories": ["food"], "metadata": ["categories": "mine"]], ["categories": "mine"]), (["metadata": [:]], nil),
      (["immutable": true], ["immutable": true]), (["immutable": false], nil),
    ] as [([String: JSONValue], [String: JSONValue]?)])
  func metadataIsKept(members: [String: JSONValue], metadata: [String: JSONValue]?) throws {
    #expect(try Self.turn(members).metadata == metadata)
  }

  @Test(
    arguments: [
      ([:], nil), (["expiration_date": "2030-01-01"], "2030-01-01"),
      (["valid_to": "2026-10-01T00:00:00.000Z", "lifecycle_state": "ended"], "2026-10-01"),
      (["valid_to": "2026-10-01", "expiration_date": "2026-09-01"], "2026-09-01"),
      (["valid_to": "2026-10-01", "expiration_date": "2026-11-01"], "2026-10-01"),
      (["lifecycle_state": "superseded", "updated_at": "2026-10-05"], "2026-10-05"),
      (["lifecycle_state": "active", "updated_at": "2026-10-05"], nil), (["lifecycle_state": "superseded"], nil),
    ] as [([String: JSONValue], String?)])
  func whatHasEndedIsNoLongerShown(members: [String: JSONValue], day: String?) throws {
    #expect(try Self.turn(members).expirationDate == day.flatMap { Timestamp($0) })
  }

  @Test(
    arguments: [
      (["memory": nil], "no text"), (["memory": " \n"], "no text"), (["memory": 5], "no text"),
      (["user_id": nil], "none of user_id"),
      (["user_id": ["a"]], "user_id is no text"), (["id": .double(1.5)], "id is no text"),
      (["metadata": "x"], "metadata"),
      (["created_at": "yesterday"], "created_at is no time"), (["created_at": true], "created_at is no time"),
      (["expiration_date": "soon"], "expiration_date is no time"), (["valid_to": .int(.max)], "valid_to is no time"),
    ] as [([String: JSONValue], String)])
  func whatCannotBeTakenOverIsRefusedByItsKind(members: [String: JSONValue], words: String) {
    #expect {
      try Self.turn(members)
    } throws: { "\($0)".contains(words) && !"\($0)".contains("alice") }
  }

  @Test func theEventIDFollowsFromTheMemory() throws {
    func id(_ members: [String: JSONValue]) throws -> UUID {
      try Mem0Memory(Self.plain.merging(members) { $1 }).eventID
    }
    let plain = try id([:])
    #expect(try id(["memory": "Likes coffee", "user_id": "bob"]) == plain)
    #expect(try id(["id": "m2"]) != plain)
    // Without an id, by what it says of whom, and since when.
    let unnamed = try id(["id": nil])
    #expect(try id(["id": nil, "metadata": ["a": 1]]) == unnamed)
    for other: [String: JSONValue] in [["memory": "x"], ["user_id": "bob"], ["created_at": "2024-01-01"]] {
      #expect(try id(other.merging(["id": nil]) { $1 }) != unnamed)
    }
  }
}

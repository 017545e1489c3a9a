import EventLog
import FoundationEssentials
import MnemeCore
import MnemeProjection
import Synchronization
import Testing

@testable import MnemeQuery

/// Edits and deletions carry the memories that the person saw.
@Suite struct CommandTargetTests {
  private let harness = Harness()

  private func targets() throws -> [[Memory]?] {
    try self.harness.log.events.map { event in
      switch event.knownType {
      case .memoryEditRequested: try EventBodyCoding.decode(MemoryEditRequest.self, from: event.data).targets
      case .memoryDeletionRequested: try EventBodyCoding.decode(MemoryDeletionRequest.self, from: event.data).targets
      default: nil
      }
    }
  }

  @Test func `an edit and a deletion carry the memory as it stood`() async throws {
    let view = Fixture.view("I like tea")
    self.harness.reader.put(view)
    let path = "/v1/memories/\(view.memory.id.text)/"
    try await self.harness.run { client in
      let edit = try await client.send("PUT", path, json: ["text": "I like coffee"])
      let deletion = try await client.send("DELETE", path)
      #expect(edit.status == 200 && deletion.status == 200)
    }
    let targets = try self.targets()
    #expect(targets.map { $0?.map(\.text) } == [["I like tea"], ["I like coffee"]])
    #expect(targets[0]?.first == view.memory)
  }

  @Test(arguments: [true, false])
  func `a deletion with what the memory superseded carries that too`(isLinked: Bool) async throws {
    var old = Fixture.view("Lives in Lisbon")
    let new = Fixture.view("Lives in Berlin")
    old.memory.supersededBy = new.memory.id
    self.harness.reader.put(old)
    self.harness.reader.put(new)
    self.harness.reader.state.withLock { state in
      state.history[new.memory.id] = [
        ReaderTwin.entry(.add, nil, old.memory, "e1"), ReaderTwin.entry(.add, nil, new.memory, "e2"),
      ]
    }
    try await self.harness.run { client in
      let query = isLinked ? "?delete_linked=true" : ""
      let reply = try await client.send("DELETE", "/v1/memories/\(new.memory.id.text)/\(query)")
      #expect(reply.status == 200)
    }
    let texts = try self.targets().map { $0?.map(\.text) }
    #expect(texts == [isLinked ? ["Lives in Berlin", "Lives in Lisbon"] : ["Lives in Berlin"]])
  }

  @Test func `a deletion by a filter carries each memory`() async throws {
    for text in ["a", "b"] {
      self.harness.reader.put(Fixture.view(text, scope: Scope(userID: "alice"), metadata: ["k": "v"]))
    }
    try await self.harness.run { client in
      let reply = try await client.send("DELETE", "/v1/memories/?user_id=alice&metadata=%7B'k'%3A'v'%7D")
      #expect(reply.status == 200)
    }
    let texts = try self.targets().map { $0?.map(\.text) }
    #expect(Set(texts) == [["a"], ["b"]])
  }
}

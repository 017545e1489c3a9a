import CurlHTTP
import Foundation
import MnemeCore
import MnemeTesting
import Testing

/// A process that is told to end answers what is under way, and loses nothing.
@Suite struct ShutdownTests {
  @Test func writesThatWaitAreAnsweredAsPendingAndAreProcessedLater() async throws {
    let folder = TemporaryFolder()
    defer { folder.remove() }
    let first = try await Server.start(folder.path + "/data")
    // Every shard is there as soon as it listens: this asks each of them.
    #expect(try await first.send(.get, "/v1/event/e1/").status == 404)
    #expect(await first.stop() == 0)
    // Nobody works beside it: whoever waits for an outcome waits in vain.
    let server = try await Server.start(folder.path + "/data", role: "serve")
    let body = #"{"user_id":"alex","event_id":"e1","messages":[{"role":"user","content":"I live in Berlin"}]}"#
    async let waiting = RawConnection.exchange(
      server.port, RawConnection.request("POST", "/v3/memories/add/?wait=true", body))
    try await eventually("it is pending") { try await server.get("/v1/event/e1/")["status"] == "PENDING" }
    #expect(await server.stop() == 0)
    // Cut off, it would be a 503.
    let reply = try #require(try await waiting)
    #expect(reply.status == 200, "\(reply)")
    let answer = try EventBodyCoding.decode(JSONValue.self, from: Array(reply.body.utf8))
    #expect(answer["status"] == "PENDING")
    #expect(answer["event_id"] == "e1")
    #expect(reply.head.lowercased().contains("x-mneme-position: "))

    let next = try await Server.start(folder.path + "/data")
    try await next.waitUntilIdle()
    #expect(try await next.get("/v1/event/e1/")["status"] == "SUCCEEDED")
    #expect(try await HostileInputTests.texts(of: "alex", next).isEmpty == false)
    #expect(await next.stop() == 0)
  }
}

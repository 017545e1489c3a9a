import CurlHTTP
import Foundation
import MnemeCore
import MnemeTesting
import Testing

/// `mneme keys`, and a server that knows them.
@Suite struct KeyTests {
  private func key(_ folder: TemporaryFolder, _ arguments: [String]) async throws -> (text: String, id: String) {
    let result = try await MnemeProcess.run(
      ["keys", "create", "--json", "--api-keys", folder.path + "/keys.json"] + arguments)
    try #require(result.status == 0, "\(result.errors)")
    let made = try result.json()
    return (try #require(made["key"]?.stringValue), try #require(made["record"]?["id"]?.stringValue))
  }

  @Test func aServerKnowsItsCallersByTheirKeys() async throws {
    let folder = TemporaryFolder()
    defer { folder.remove() }
    let writer = try await key(folder, ["--tenant", "acme", "--label", "the shop"])
    let reader = try await key(folder, ["--tenant", "acme", "--role", "reader", "--owner", "user:ann"])
    let other = try await key(folder, ["--tenant", "other", "--role", "admin"])
    let file = folder.path + "/keys.json"
    let stored = try String(contentsOfFile: file, encoding: .utf8)
    for key in [writer, reader, other] { #expect(!stored.contains(key.text) && stored.contains(key.id)) }
    let server = try await Server.start(folder.path + "/data", arguments: ["--api-keys", file])
    func send(_ method: HTTPRequest.Method, _ path: String, _ key: String?, _ body: JSONValue? = nil) async throws
      -> (status: Int, body: JSONValue)
    {
      let response = try await server.client.execute(
        HTTPRequest(
          method, "http://127.0.0.1:\(server.port)\(path)",
          headers: key.map { ["Authorization": "Token \($0)"] } ?? [:],
          body: body.map { EventBodyCoding.encode($0) } ?? [], timeout: .seconds(60)))
      return (response.status, try EventBodyCoding.decode(JSONValue.self, from: response.body))
    }
    func add(_ user: String, _ key: String?) async throws -> Int {
      try await send(
        .post, "/v3/memories/add/?wait=true", key,
        ["messages": "I keep saffron in the blue tin", "user_id": .string(user), "infer": false]
      ).status
    }
    func find(_ user: String, _ key: String) async throws -> Int? {
      try await send(
        .post, "/v3/memories/search/", key, ["query": "saffron", "filters": ["user_id": .string(user)]]
      ).body["results"]?.arrayValue?.count
    }
    #expect(try await add("ann", nil) == 401)
    #expect(try await add("ann", writer.text + "x") == 401)
    #expect(try await add("ann", reader.text) == 403)
    #expect(try await add("ann", writer.text) == 200)
    #expect(try await add("bob", writer.text) == 200)
    #expect(try await find("ann", writer.text) == 1)
    #expect(try await find("ann", reader.text) == 1)
    #expect(try await find("bob", reader.text) == 0)
    #expect(try await find("ann", other.text) == 0)
    let ping = try await send(.get, "/v1/ping/", reader.text).body
    #expect(ping["org_id"] == "acme" && ping["project_id"] == "default")

    let revoked = try await MnemeProcess.run(["keys", "revoke", writer.id, "--api-keys", file])
    #expect(revoked.status == 0, "\(revoked.errors)")
    var status = 200
    for _ in 0..<500 where status == 200 {
      status = try await send(.get, "/v1/ping/", writer.text).status
      if status == 200 { try await Task.sleep(for: .milliseconds(20)) }
    }
    #expect(status == 401)
    let list = try await MnemeProcess.run(["keys", "list", "--api-keys", file])
    #expect(list.output.contains("\(writer.id)  revoked  acme/default  writer  the shop"), "\(list.output)")
    #expect(await server.stop() == 0)
  }

  @Test func withoutKeysNobodyElseIsLetIn() async throws {
    let folder = TemporaryFolder()
    defer { folder.remove() }
    let open = try await MnemeProcess.run(["up", "--host", "0.0.0.0", "--data-dir", folder.path + "/data"])
    #expect(open.status == 2 && open.errors.contains("not a loopback address"), "\(open.errors)")
    let unnamed = try await MnemeProcess.run(["keys", "list"])
    #expect(unnamed.status == 2 && unnamed.errors.contains("--api-keys"), "\(unnamed.errors)")
    let unknown = try await MnemeProcess.run(["keys", "revoke", "x", "--api-keys", folder.path + "/keys.json"])
    #expect(unknown.status == 1, "\(unknown.errors)")
    let wrong = try await MnemeProcess.run(
      ["keys", "create", "--tenant", "a/b", "--api-keys", folder.path + "/keys.json"])
    #expect(wrong.status == 2, "\(wrong.errors)")
  }
}

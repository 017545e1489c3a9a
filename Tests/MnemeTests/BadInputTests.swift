import CurlHTTP
import EventLog
import Foundation
import MnemeCore
import MnemeTesting
import Testing

/// Whatever comes in, the answer says what is wrong and nothing is half done.
@Suite struct BadInputTests {
  static let huge =
    "{\"user_id\":\"a\",\"messages\":[{\"role\":\"user\",\"content\":\"\(String(repeating: "x", count: 10 << 20))\"}]}"

  @Test func eachBadRequestIsAnsweredAndNothingIsStored() async throws {
    let folder = TemporaryFolder()
    defer { folder.remove() }
    let server = try await Server.start(folder.path + "/data")
    let add = "/v3/memories/add/"
    let search = "/v3/memories/search/"
    let cases: [(path: String, body: [UInt8], status: Int, names: String)] = [
      (add, Array("{\"messages\": [".utf8), 400, "JSON"),
      (add, Array("{\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}".utf8), 400, "user_id"),
      (add, Array(Self.huge.utf8), 413, "byte"),
      (add, Array("{\"user_id\":\"a\",\"messages\":\"".utf8) + [0xff, 0xfe] + Array("\"}".utf8), 400, "UTF-8"),
      (add, Array("{\"user_id\":\"a\",\"messages\":[]}".utf8), 400, "messages"),
      (search, Array("{\"query\":\"x\",\"filters\":{\"user_id\":{\"like\":\"a\"}}}".utf8), 400, "like"),
      (search, Array("{\"query\":\"x\",\"filters\":{\"colour\":\"red\",\"user_id\":\"a\"}}".utf8), 400, "colour"),
      (search, Array("{\"query\":\"x\"}".utf8), 400, "ilters"),
      (search, Array(String(repeating: "[", count: 100_000).utf8), 400, "nest"),
    ]
    for (path, body, status, name) in cases {
      let response = try await server.send(.post, path, body)
      let text = String(decoding: response.body, as: UTF8.self)
      #expect(response.status == status, "\(text)")
      #expect(text.contains(name), "\(text) does not name \(name)")
      let answer = try EventBodyCoding.decode(JSONValue.self, from: response.body)
      #expect(answer["detail"]?.stringValue != nil && answer["error"] != nil)
    }
    try await server.waitUntilIdle()
    _ = await server.stop()
    let content = try await CrashTests.content(server.directory)
    #expect(content["turns"] == 0)
    #expect(content["memories"] == 0)
  }

  /// A tmpfs of 12 MiB in a mount namespace of the server's own.
  @Test func aFullDiskIsToldAndLosesNothing() async throws {
    let folder = TemporaryFolder()
    defer { folder.remove() }
    let disk = folder.path + "/disk"
    try FileManager.default.createDirectory(atPath: disk, withIntermediateDirectories: true)
    let mount = "mount -t tmpfs -o size=12m mneme-test '\(disk)' && exec \"$@\""
    let server = try await Server.start(
      disk + "/data", wrapper: ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", mount, "sh"])
    var accepted = 0
    var refusal: (status: Int, text: String)?
    for number in 0..<200 where refusal == nil {
      let body: JSONValue = [
        "user_id": "alex", "event_id": .string("turn-\(number)"), "infer": true, "timestamp": "2026-11-20T12:00:00Z",
        "messages": [["role": "assistant", "content": .string(String(repeating: "filler ", count: 40_000))]],
      ]
      let response = try await server.send(.post, "/v3/memories/add/", EventBodyCoding.encode(body))
      if response.status == 200 {
        accepted += 1
      } else {
        refusal = (response.status, String(decoding: response.body, as: UTF8.self))
      }
    }
    #expect(accepted > 0)
    #expect(refusal?.status == 507, "\(String(describing: refusal))")
    #expect(refusal?.text.contains("space") == true, "\(String(describing: refusal))")
    // It still answers, and what it accepted is all there.
    #expect(try await server.get("/v1/ping/")["status"] == "ok")
    let lag = try await server.get("/v1/lag/")
    let ends = (lag["groups"]?.arrayValue ?? []).filter { $0["topic"] == "mneme.turns" }.compactMap { group -> Int64? in
      if case .int(let end) = group["end"] { end } else { nil }
    }
    #expect(ends.reduce(0, +) == Int64(accepted))
    await server.kill()
  }

  @Test func aReadOnlyDataFolderIsToldAtStart() async throws {
    let folder = TemporaryFolder()
    defer { folder.remove() }
    let disk = folder.path + "/disk"
    try FileManager.default.createDirectory(atPath: disk, withIntermediateDirectories: true)
    // Read-only for root too, which permissions alone are not.
    let mount = "mount -t tmpfs -o ro mneme-test '\(disk)' && exec \"$@\""
    let error = await #expect(throws: Server.Failure.self) {
      _ = try await Server.start(
        disk + "/data", wrapper: ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", mount, "sh"])
    }
    #expect(error?.description.contains(disk) == true, "\(String(describing: error))")
    #expect(error?.description.contains("permissions") == true, "\(String(describing: error))")
  }
}

import EventLog
import MnemeCore
import MnemeProjection
import Synchronization
import Testing

@testable import MnemeQuery

@Suite struct RequestTargetTests {
  @Test(arguments: [
    ("/v1/memories/", ["v1", "memories"]), ("/v1/memories", ["v1", "memories"]), ("//v1/ping/", ["v1", "ping"]),
    ("/v1/event/mem%2Fa%3Fb%23c/", ["v1", "event", "mem/a?b#c"]),
    ("/v1/event/al%20ice%2Fx", ["v1", "event", "al ice/x"]),
    ("/v1/event/a+b/", ["v1", "event", "a+b"]), ("/v1/event/%C5%BC/", ["v1", "event", "ż"]), ("/", []), ("", []),
    ("/v1//", ["v1", ""]), ("/v1/memories//", ["v1", "memories", ""]),
    ("/v1/memories//history/", ["v1", "memories", "", "history"]),
    ("http://host:1/v1/ping/?x=1", ["v1", "ping"]), ("http://host", []), ("/mem0/v1/ping/", ["v1", "ping"]),
    ("/mem0x/v1", ["mem0x", "v1"]), ("/v1/%2e%2e/x", ["v1", "..", "x"]), ("/a#b", ["a"]),
  ])
  func `a path is split first and decoded then`(target: String, segments: [String]) throws {
    #expect(try RequestTarget(target, prefix: "/mem0").segments == segments)
  }

  @Test func `a query is decoded as forms are`() throws {
    let target = try RequestTarget("/x?user_id=a%2Bb+c&page=2&flag=true&empty=&bare&&f=%7B%27a%27%3A+%27b%27%7D")
    #expect(try target.value("user_id") == "a+b c")
    #expect(try target.integer("page", in: 1...5) == 2)
    #expect(try target.flag("flag") == true)
    #expect(try target.value("empty") == "")
    #expect(try target.value("bare") == "")
    #expect(try target.value("f") == "{'a': 'b'}")
    #expect(try target.value("missing") == nil)
  }

  @Test(arguments: ["/a%", "/a%4", "/a%zz", "/%ff", "/%00", "/x?a=%0", "/x?a=%c3%28", "/x?a=%00", "/x?%0a=b"])
  func `what cannot be decoded is refused`(target: String) {
    #expect(throws: RequestFailure.self) { try RequestTarget(target) }
  }

  @Test func `a parameter given twice, of another type or out of range is refused`() throws {
    let target = try RequestTarget("/x?a=1&a=2&n=0&m=x&b=maybe")
    #expect(throws: RequestFailure.self) { try target.value("a") }
    #expect(throws: RequestFailure.self) { try target.integer("n", in: 1...5) }
    #expect(throws: RequestFailure.self) { try target.integer("m", in: 1...5) }
    #expect(throws: RequestFailure.self) { try target.flag("b") }
  }
}

@Suite struct PositionTests {
  @Test func `a position reads what it writes`() throws {
    var position = Position()
    position.include(partition: 3, offset: 7)
    position.include(partition: 0, offset: 5)
    position.include(partition: 3, offset: 2)
    #expect(position.description == "0.5-3.7")
    #expect(Position("0.5-3.7") == position)
  }

  @Test(arguments: [
    "", "1", "1.", ".1", "1.2.3", "a.b", "1.-2", "-1.2", "1.2-", "1.2--3.4", "+1.2", "1.99999999999999999999",
    "99999999999.1",
  ])
  func `anything else is no position`(text: String) {
    #expect(Position(text) == nil)
  }
}

@Suite struct DoorTests {
  /// Knows one key for each role, and keeps one more.
  final class Keys: Authenticator, KeyStore {
    private let kept = Mutex([
      APIKeyRecord(
        id: RouteSample.keyID, hash: "", label: RouteSample.secret, tenant: "acme", project: "default", role: .reader,
        owners: ["user:alice"], rateLimit: nil, createdAt: Fixture.now, expiresAt: nil)
    ])

    func records() -> [APIKeyRecord] { self.kept.withLock { $0 } }
    func change(_ body: (inout [APIKeyRecord]) throws -> Void) rethrows { try self.kept.withLock { try body(&$0) } }

    func principal(for credentials: Credentials) -> Principal? {
      switch credentials.authorization {
      case "Token reader": Principal(tenant: "acme", role: .reader)
      case "Token writer": Principal(tenant: "acme", role: .writer)
      case "Token admin": Principal(tenant: "acme", role: .admin)
      case "Token other": Principal(tenant: "other", role: .admin)
      case "Token project": Principal(tenant: "acme", project: "second", role: .admin)
      case "Token bound": Principal(tenant: "acme", role: .admin, owners: [Owner(kind: .user, id: "bob")])
      default: nil
      }
    }
  }

  @Test func `every route goes through the door with the role that it states`() async throws {
    for route in RouteTable.api.routes {
      let label = Comment(rawValue: "\(route.method) \(route.path)")
      // What one does, the next one must not find.
      let harness = Harness(authenticator: Keys())
      let sample = try #require(try await RouteSample.make(route, in: harness), label)
      try await harness.run { client in
        let roles: [(String, AccessRole)] = [("nobody", .anyone), ("reader", .reader), ("writer", .writer)]
        for (name, role) in roles where role < route.role {
          let reply = try await client.send(sample, as: name)
          #expect(reply.status == (role == .anyone ? 401 : 403), label)
          #expect(try reply.json["detail"] == reply.json["error"] && reply.json["detail"] != nil, label)
        }
        #expect(harness.log.records.isEmpty, label)
        let reply = try await client.send(sample, as: "\(max(route.role, .reader))")
        let isRefused = RouteSample.refused.contains("\(route.method) \(route.path)")
        #expect((isRefused ? 403...403 : 200...303).contains(reply.status), "\(label): \(reply.text)")
      }
      // The platform's paths end in a slash; its own server's do not.
      let isPlatforms = ["/v", "/api/"].contains { route.path.hasPrefix($0) } || route.path == "/"
      #expect(route.path.hasSuffix("/") == isPlatforms, label)
    }
  }

  @Test(arguments: ["other", "project", "bound"])
  func `no route shows or changes what is not the caller's`(key: String) async throws {
    for route in RouteTable.api.routes where route.role > .anyone {
      let label = Comment(rawValue: "\(route.method) \(route.path) as \(key)")
      let harness = Harness(authenticator: Keys())
      let sample = try #require(try await RouteSample.make(route, in: harness), label)
      try await harness.run { client in
        let reply = try await client.send(sample, as: key)
        #expect(reply.status < 500 && reply.status != 401, "\(label): \(reply.text)")
        #expect(!reply.text.contains(RouteSample.secret), "\(label): \(reply.text)")
        #expect(!reply.headers.contains { $0.value.contains(RouteSample.secret) }, label)
        // What is appended at all is the caller's own.
        for event in try harness.log.events {
          #expect(event.owner.tenant != "acme" || (key == "bound" && event.owner.owner.id == "bob"), label)
        }
      }
    }
  }

  @Test func `the tenant comes from the key and never from the request`() async throws {
    var harness = Harness()
    harness.authenticator = Keys()
    let stranger = Fixture.view("Likes tea", tenant: "other")
    harness.reader.put(stranger)
    let (log, id) = (harness.log, stranger.memory.id.text)
    try await harness.run { client in
      let headers = ["Authorization": "Token writer"]
      let added = try await client.send(
        "POST", "/v3/memories/add/?tenant=other",
        json: ["messages": "I like tea", "user_id": "alice", "tenant": "other", "org_id": "acme"], headers: headers)
      #expect(added.status == 200)
      #expect(try log.events.map(\.owner.tenant) == ["acme"])
      for (method, path) in [
        ("GET", "/v1/memories/\(id)/"), ("DELETE", "/v1/memories/\(id)/"), ("PUT", "/v1/memories/\(id)/"),
      ] {
        let reply = try await client.send(method, path, json: method == "PUT" ? ["text": "x"] : [:], headers: headers)
        #expect(reply.status == 404, "\(method)")
      }
      let found = try await client.send(
        "POST", "/v3/memories/search/", json: ["query": "tea", "filters": ["user_id": "alice"]], headers: headers)
      #expect(try found.json["results"]?.arrayValue?.compactMap { $0["memory"] } == ["I like tea"])
    }
  }

  @Test(
    arguments: [
      ("127.0.0.1:8765", nil, true), ("localhost:1", nil, true), ("[::1]:8765", nil, true), ("127.8.9.1", nil, true),
      ("evil.example:8765", nil, false), ("127.0.0.1.evil.example", nil, false), ("", nil, false),
      ("localhost:1", "http://localhost:1", true), ("localhost:1", "http://evil.example", false),
      ("localhost:1", "null", false), ("127.0.0.1:1", "http://127.0.0.1:2", false),
    ] as [(String, String?, Bool)])
  func `without keys only this machine's own requests are let in`(host: String, origin: String?, isLetIn: Bool) {
    let principal = SingleTenant().principal(for: Credentials(host: host, origin: origin))
    #expect((principal != nil) == isLetIn)
  }
}

@Suite struct RouteTableTests {
  /// A word in a path is no id: what ids have is not what this path has.
  @Test(arguments: [
    ("/v1/memories/search/", "POST"), ("/v1/memories/x/", "GET, PUT, DELETE"), ("/v1/batch/", "PUT, DELETE"),
    ("/v1/entities/filters/", "GET"), ("/v3/memories/", "POST"),
  ])
  func `a path that lacks a method lists those that it has`(path: String, methods: String) async throws {
    try await Harness().run { client in
      let reply = try await client.send("OPTIONS", path)
      #expect(reply.status == 405)
      #expect(reply.headers["allow"] == methods)
    }
  }

  @Test func `no two routes take the same request`() {
    let names = RouteTable.api.routes.map { "\($0.method) \($0.path)" }
    #expect(Set(names).count == names.count)
  }

  @Test(arguments: [
    ("GET", "/v1/ping/", 200), ("GET", "/v1/ping", 200), ("GET", "//v1/ping/", 200), ("HEAD", "/v1/ping/", 200),
    ("GET", "/mem0/v1/ping/", 200), ("POST", "/v1/ping/", 405), ("GET", "/v3/memories/", 405),
    ("GET", "/v1/memories/search/", 405), ("DELETE", "/v1/memories/search", 405),
    ("GET", "/v1/entities/filters/", 200), ("GET", "/v1/entities/robot/x/", 400), ("GET", "/v2/entities/user/x/", 404),
    ("GET", "/configure", 200), ("GET", "/configure/", 200), ("POST", "/configure", 403),
    ("GET", "/", 303), ("HEAD", "/", 303), ("GET", "/mem0/", 303), ("POST", "/", 405),
    ("GET", "/v1/memories//", 404), ("DELETE", "/v1/memories//", 404), ("GET", "/v1/nothing/", 404),
    ("PATCH", "/v1/memories/x/", 405), ("OPTIONS", "/v1/ping/", 405), ("GET", "/v1/memories/%zz/", 400),
    ("GET", "/v1/memories/not-a-uuid/", 400), ("GET", "/v1/memories/4b0f2a52-0000-4000-8000-000000000001/", 404),
    ("GET", "/v1/memories/4b0f2a52-0000-4000-8000-000000000001/history/", 404), ("GET", "/v1/event/x/", 404),
    ("GET", "/healthz", 200), ("GET", "/healthz/", 200), ("GET", "/readyz", 200), ("GET", "/metrics", 200),
    ("GET", "/v1/lag/", 200),
  ])
  func `paths are served with and without the last slash, and all else is JSON`(
    method: String, path: String, status: Int
  ) async throws {
    try await Harness { $0.pathPrefix = "/mem0" }.run { client in
      let reply = try await client.send(method, path)
      #expect(reply.status == status)
      if method == "HEAD" {
        #expect(reply.body.isEmpty)
      } else if path != "/metrics" {
        #expect(reply.headers["content-type"] == "application/json")
        #expect(try reply.json.objectValue != nil)
      }
      if status == 405 { #expect(reply.headers["allow"] != nil) }
      if status >= 400 { #expect(try reply.json["detail"]?.stringValue != nil) }
    }
  }
}

import EventLog
import FoundationEssentials
import Logging
import MnemeCore
import MnemeProjection
import ServiceLifecycle
import Testing

@testable import MnemeQuery

@Suite struct FailureTests {
  static let logFailures: [(EventLogError.Code, Int, String?)] = [
    (.backpressure, 503, "1"), (.diskFull, 507, "30"), (.readOnly, 503, nil), (.storage, 503, "5"),
    (.unreachable, 503, "5"), (.closed, 503, nil), (.recordTooLarge, 413, nil), (.unknownTopic, 503, nil),
    (.topicMismatch, 503, nil), (.fenced, 503, nil), (.offsetOutOfRange, 503, nil),
  ]

  @Test(arguments: logFailures)
  func `a failure of the log has its status`(code: EventLogError.Code, status: Int, retryAfter: String?) async throws {
    let harness = Harness()
    harness.log.fail(EventLogError(code, "disk at /var/lib is not well"))
    try await harness.run { client in
      let reply = try await client.send("POST", "/v3/memories/add/", json: ["messages": "x", "user_id": "alice"])
      #expect(reply.status == status)
      #expect(reply.headers["retry-after"] == retryAfter)
      #expect(try reply.json["detail"] == reply.json["error"])
      #expect(!reply.text.contains("/var/lib"))
      let ready = try await client.send("GET", "/readyz")
      #expect(ready.status == 503)
      #expect(try ready.json["checks"] == ["log": "failed", "projection": "ok"])
      #expect(try await client.send("GET", "/healthz").status == 200)
    }
  }

  struct Unforeseen: Error {
    let secret = "s3cret"
  }

  @Test(arguments: [
    ProjectionError(.storage, "broken") as any Error, ProjectionError(.corrupt, "broken"), Unforeseen(),
  ])
  func `a failure of the projection says nothing of its inside`(error: any Error) async throws {
    let harness = Harness()
    harness.reader.change { $0.failure = error }
    try await harness.run { client in
      for (method, path, body) in [
        ("POST", "/v3/memories/", ["filters": ["user_id": "a"]] as JSONValue),
        ("POST", "/v3/memories/search/", ["query": "q", "filters": ["user_id": "a"]]),
        ("GET", "/v1/memories/4b0f2a52-0000-4000-8000-000000000001/", [:]), ("GET", "/v1/event/x/", [:]),
        ("DELETE", "/v1/memories/?user_id=a", []),
      ] {
        let reply = try await client.send(method, path, body: body == [] ? nil : JSONWriter.write(body))
        #expect(reply.status == (error is Unforeseen ? 500 : 503))
        #expect(!reply.text.contains("s3cret") && !reply.text.contains("broken"))
        #expect(try reply.json["detail"]?.stringValue != nil)
      }
      #expect(try await client.send("GET", "/readyz").json["checks"] == ["log": "ok", "projection": "failed"])
    }
  }

  @Test func `a handler that takes too long is given up`() async throws {
    try await Harness(processes: false) { $0.requestTimeout = .milliseconds(20) }.run { client in
      let reply = try await client.send(
        "POST", "/v3/memories/add/?wait=true", json: ["messages": "x", "user_id": "alice"])
      #expect(reply.status == 504)
      #expect(try reply.json["code"] == "timeout")
    }
  }

  @Test func `errors never repeat what the caller sent`() async throws {
    try await Harness().run { client in
      for body: JSONValue in [
        ["messages": [["role": "user", "content": 5]], "user_id": "s3cret"],
        ["messages": [["role": "s3cret", "content": "s3cret", "timestamp": "s3cret"]], "user_id": "alice"],
        ["messages": "s3cret", "user_id": "s3cret\n"], ["messages": "x", "filters": ["s3cret": "x"]],
      ] {
        let reply = try await client.send("POST", "/v3/memories/add/", json: body)
        #expect(reply.status == 400)
        #expect(!reply.text.contains("s3cret"), "\(reply.text)")
      }
    }
  }
}

@Suite struct NULTests {
  static let bodies: [(body: String, place: String)] = [
    (#"{"messages":"a\u0000"}"#, "messages"),
    (#"{"messages":[{"role":"user","content":"a\u0000"}]}"#, "messages[0].content"),
    (#"{"messages":["x",{"content":[{"type":"text","text":"\u0000"}]}]}"#, "messages[1].content"),
    (#"{"metadata":{"s3cret":["\u0000"]}}"#, "metadata"), (#"{"metadata":{"s3cret\u0000":1}}"#, "metadata"),
    (#"{"custom_instructions":"\u0000"}"#, "custom_instructions"), (#"{"s3cret\u0000":1}"#, "the name of a member"),
    (#"{"query":"\u0000"}"#, "query"), (#"{"filters":{"OR":[{"user_id":"s3cret\u0000"}]}}"#, "filters"),
    (#"{"text":"\u0000"}"#, "text"),
  ]

  @Test(arguments: bodies)
  func `no text holds U+0000, whatever asks for it`(body: String, place: String) async throws {
    try await Harness().run { client in
      let id = try #require(try await client.add("I like tea")["results"]?.arrayValue?[0]["id"]?.stringValue)
      for (method, path) in [
        ("POST", "/v3/memories/add/"), ("POST", "/v3/memories/"), ("POST", "/v3/memories/search/"),
        ("PUT", "/v1/memories/\(id)/"),
      ] {
        let reply = try await client.send(method, path, body: Array(body.utf8))
        #expect(reply.status == 400)
        #expect(try reply.json["detail"] == .string("\(place) holds U+0000, which no text may; leave it out"))
        #expect(!reply.text.contains("s3cret"))
      }
    }
  }
}

@Suite struct ConnectionTests {
  @Test func `a body that is too large is 413, and the connection goes on`() async throws {
    let harness = Harness()
    try await harness.run { client in
      let connection = try client.connect()
      let large = [UInt8](repeating: UInt8(ascii: "x"), count: 10 << 20)
      try await connection.send(client.bytes("POST", "/v3/memories/add/", body: large))
      let reply = try await connection.reply()
      #expect(reply.status == 413)
      #expect(try reply.json["code"] == "too_large")
      try await connection.send(client.bytes("GET", "/v1/ping/"))
      #expect(try await connection.reply().status == 200)
    }
  }

  @Test func `a body without end is 413, and the connection closes`() async throws {
    let harness = Harness { ($0.maxBodyByteCount, $0.maxDiscardedByteCount) = (1000, 100_000) }
    try await harness.run { client in
      for path in ["/v3/memories/add/", "/nowhere/"] {
        let connection = try client.connect()
        try await connection.send("POST \(path) HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
        let chunk = Array("4000\r\n".utf8) + [UInt8](repeating: 0x20, count: 0x4000) + Array("\r\n".utf8)
        for _ in 0..<7 { try await connection.send(chunk) }
        let reply = try await connection.reply()
        #expect(reply.status == (path == "/nowhere/" ? 404 : 413))
        #expect(reply.headers["connection"] == "close")
        #expect(try await connection.isAtEnd())
      }
    }
  }

  @Test func `a body that comes too slowly is 408, and the connection closes`() async throws {
    try await Harness { $0.bodyTimeout = .milliseconds(50) }.run { client in
      let connection = try client.connect()
      try await connection.send("POST /v3/memories/add/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{")
      let reply = try await connection.reply()
      #expect(reply.status == 408)
      #expect(try await connection.isAtEnd())
    }
  }

  @Test func `a head that never ends is cut off`() async throws {
    try await Harness { $0.idleTimeout = .milliseconds(50) }.run { client in
      let connection = try client.connect()
      try await connection.send("GET /v1/ping/ HTTP/1.1\r\nHost: loc")
      #expect(try await connection.isAtEnd())
    }
    try await Harness { $0.headTimeout = .milliseconds(50) }.run { client in
      let connection = try client.connect()
      try await connection.send("GET /v1/ping/ HTTP/1.1\r\nHost: loc")
      let reply = try await connection.reply()
      #expect(reply.status == 408)
      #expect(try reply.json["code"] == "request_timeout")
      #expect(try await connection.isAtEnd())
    }
  }

  @Test(arguments: [
    "Content-Length: 100\r\n\r\n{", "Transfer-Encoding: chunked\r\n\r\n5\r\n{",
    "Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    "Transfer-Encoding: chunked\r\n\r\n1\r\n{}\r\n0\r\n\r\n",
  ])
  func `a body that ends early or is framed wrongly is 400`(rest: String) async throws {
    try await Harness().run { client in
      let connection = try client.connect()
      try await connection.send("POST /v3/memories/add/ HTTP/1.1\r\nHost: localhost\r\n\(rest)")
      connection.closeSending()
      let reply = try await connection.reply()
      #expect(reply.status == 400)
      #expect(reply.headers["connection"] == "close")
      #expect(try await connection.isAtEnd())
    }
  }

  @Test func `a body that trickles is 408, however steadily`() async throws {
    try await Harness { $0.bodyTimeout = .milliseconds(100) }.run { client in
      let connection = try client.connect()
      try await connection.send("POST /v3/memories/add/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999\r\n\r\n")
      async let reply = connection.reply()
      while try await connection.send(" ") {}
      #expect(try await reply.status == 408)
    }
  }

  @Test func `a bomb of nested lists is refused`() async throws {
    try await Harness().run { client in
      for body in [
        String(repeating: "[", count: 1 << 20), String(repeating: "{\"a\":", count: 100_000),
        "{\"messages\":" + String(repeating: "[", count: 64) + String(repeating: "]", count: 64) + "}",
      ] {
        let reply = try await client.send("POST", "/v3/memories/add/", body: Array(body.utf8))
        #expect(reply.status == 400)
        #expect(try reply.json["detail"]?.stringValue?.contains("nesting is deeper than 64 levels") == true)
      }
      #expect(try await client.send("GET", "/v1/ping/").status == 200)
    }
  }

  @Test func `bytes that are no UTF-8 are refused`() async throws {
    try await Harness().run { client in
      let body = Array("{\"messages\":\"".utf8) + [0xff, 0xfe] + Array("\",\"user_id\":\"a\"}".utf8)
      let reply = try await client.send("POST", "/v3/memories/add/", body: body)
      #expect(reply.status == 400)
      #expect(try reply.json["detail"]?.stringValue?.contains("at byte 12") == true)
    }
  }

  @Test func `requests behind each other on one connection are answered in order`() async throws {
    try await Harness().run { client in
      let connection = try client.connect()
      let requests = ["/v1/ping/", "/nowhere/", "/healthz", "/v1/lag/"].map { client.bytes("GET", $0) }
      try await connection.send(requests.flatMap(\.self))
      var statuses: [Int] = []
      for _ in requests { statuses.append(try await connection.reply().status) }
      #expect(statuses == [200, 404, 200, 200])
    }
  }

  @Test(arguments: [
    "\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "\0\0\0\0\r\n\r\n",
    "GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
    "POST /v3/memories/ HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
  ])
  func `what is no HTTP ends its connection and nothing else`(bytes: String) async throws {
    try await Harness { $0.idleTimeout = .seconds(2) }.run { client in
      let connection = try client.connect()
      try await connection.send(bytes)
      _ = try? await connection.reply()
      #expect(try await client.send("GET", "/v1/ping/").status == 200)
    }
  }

  @Test func `a client that waits for a word before it sends its body gets it`() async throws {
    try await Harness().run { client in
      let connection = try client.connect()
      let body = JSONWriter.write(["messages": "I like tea", "user_id": "alice"])
      try await connection.send(
        "POST /v3/memories/add/ HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: \(body.count)\r\n\r\n"
      )
      let word = try await connection.reply()
      #expect(word.status == 100)
      try await connection.send(body)
      #expect(try await connection.reply().status == 200)
      let refused = try client.connect()
      try await refused.send(
        "POST /v3/memories/add/ HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 99999999\r\n\r\n"
      )
      #expect(try await refused.reply().status == 413)
    }
  }

  @Test func `an encoded body is refused`() async throws {
    try await Harness().run { client in
      let reply = try await client.send(
        "POST", "/v3/memories/add/", body: [0x1f, 0x8b], headers: ["Content-Encoding": "gzip"])
      #expect(reply.status == 415)
    }
  }

  @Test func `bodies held at one time are bounded, and given back`() async throws {
    let harness = Harness { ($0.maxBufferedByteCount, $0.bodyTimeout) = (1000, .seconds(120)) }
    try await harness.run { client in
      let holder = try client.connect()
      try await holder.send("POST /v3/memories/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 900\r\n\r\n")
      try await holder.send([UInt8](repeating: 0x20, count: 800))
      while try await !client.send("GET", "/metrics").text.contains("mneme_http_buffered_body_bytes 800\n") {}
      let body = [UInt8](repeating: 0x20, count: 300)
      let refused = try await client.send("POST", "/v3/memories/", body: body)
      #expect(refused.status == 503)
      #expect(refused.headers["retry-after"] == "1")
      try await holder.send([UInt8](repeating: 0x20, count: 100))
      #expect(try await holder.reply().status == 400)
      #expect(try await client.send("POST", "/v3/memories/", body: body).status == 400)
      #expect(try await client.send("GET", "/metrics").text.contains("mneme_http_buffered_body_bytes 0\n"))
    }
  }

  @Test func `a request under way is answered while the service shuts down`() async throws {
    let harness = Harness(processes: false)
    let (ports, continuation) = AsyncStream<Int>.makeStream()
    let services = ServiceGroup(
      services: [harness.service { continuation.yield($0) }], logger: Logger(label: "test"))
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await services.run() }
      var iterator = ports.makeAsyncIterator()
      let client = TestClient(port: try #require(await iterator.next()))
      let (idle, busy) = (try client.connect(), try client.connect())
      try await idle.send(client.bytes("GET", "/v1/ping/"))
      #expect(try await idle.reply().status == 200)
      let body = JSONWriter.write(["messages": "I like tea", "user_id": "alice", "infer": false])
      try await busy.send(client.bytes("POST", "/v3/memories/add/", body: body))
      while harness.log.records.isEmpty { await Task.yield() }
      await services.triggerGracefulShutdown()
      #expect(try await idle.isAtEnd())
      // Nobody processes what it waits for: it does not wait any longer.
      let reply = try await busy.reply()
      #expect(reply.status == 200)
      #expect(try reply.json["status"] == "PENDING")
      #expect(try reply.json["event_id"]?.stringValue != nil)
      #expect(reply.headers["x-mneme-position"] != nil)
      #expect(try await busy.isAtEnd())
      try await group.waitForAll()
    }
  }

  @Test func `many connections at once are answered`() async throws {
    try await Harness().run { client in
      try await withThrowingTaskGroup(of: Int.self) { group in
        for number in 0..<64 {
          group.addTask {
            try await client.send(
              "POST", "/v3/memories/add/",
              json: ["messages": "fact", "user_id": .string("user-\(number)"), "infer": false]
            ).status
          }
        }
        for try await status in group { #expect(status == 200) }
      }
    }
  }
}

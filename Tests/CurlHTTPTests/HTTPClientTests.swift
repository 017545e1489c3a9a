import CurlHTTP
import MnemeTesting
import Testing

/// The client against a real server on a loopback port.
@Suite(.timeLimit(.minutes(2)))
struct HTTPClientTests {
  @Test func `a request arrives as it was given and its response comes back whole`() async throws {
    let handler: ScriptedHTTPServer.Handler = { _ in
      .text("answer", status: 201, headers: ["X-One": " 1 "])
    }
    try await withServer(handler: handler) { server, client in
      let response = try await client.execute(
        HTTPRequest(
          .post, "\(server.url)/path?x=1", headers: ["X-Key": "k", "X-Empty": ""], body: Array("question".utf8)))
      #expect(response.status == 201)
      #expect(response.headers["x-one"] == "1")
      #expect(String(decoding: response.body, as: UTF8.self) == "answer")
      let request = try #require(server.requests.first)
      #expect(request.method == "POST" && request.target == "/path?x=1" && request.text == "question")
      #expect(request.header("x-key") == "k" && request.header("x-empty") == "")
      #expect(request.header("user-agent") == "mneme")
      #expect(request.header("expect") == nil)
    }
  }

  @Test(arguments: [0, 1, 1_500_000])
  func `bodies of any size go up and down without waiting for a continuation`(count: Int) async throws {
    let echo: ScriptedHTTPServer.Handler = { .response(status: 200, headers: [:], body: $0.body) }
    try await withServer(handler: echo) { server, client in
      let body = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) }
      let response = try await client.execute(HTTPRequest(.post, server.url, body: body))
      #expect(response.body == body)
      #expect(server.requests.first?.header("expect") == nil)
    }
  }

  @Test(arguments: [
    ScriptedReply.chunked(status: 200, headers: [:], chunks: [Array("ab".utf8), Array("cd".utf8)]),
    .raw(Array("HTTP/1.1 200 OK\r\n\r\nabcd".utf8)),
    .raw(Array("HTTP/1.0 200 OK\r\n\r\nabcd".utf8)),
    .raw(Array("HTTP/1.1 103 Early Hints\r\nX-Hint: 1\r\n\r\nHTTP/1.1 200 OK\r\n\r\nabcd".utf8)),
  ])
  func `every framing of a body is read`(reply: ScriptedReply) async throws {
    try await withServer(answering: reply) { server, client in
      let response = try await client.execute(HTTPRequest(.get, server.url))
      #expect(response.status == 200)
      #expect(String(decoding: response.body, as: UTF8.self) == "abcd")
      #expect(response.headers["x-hint"] == nil)
    }
  }

  @Test(arguments: [204, 301, 400, 404, 429, 500, 503])
  func `any status is a response, and no redirect is followed`(status: Int) async throws {
    let reply = ScriptedReply.response(status: status, headers: ["Location": "/elsewhere"], body: [])
    try await withServer(answering: reply) { server, client in
      let response = try await client.execute(HTTPRequest(.get, server.url))
      #expect(response.status == status)
      #expect(server.requests.count == 1)
    }
  }

  @Test(arguments: [
    (ScriptedReply.close, HTTPError.Code.connectionLost),
    (.reset, .connectionLost),
    (.cutOff(status: 200, body: Array("half".utf8), missingBytes: 4), .connectionLost),
    (.raw(Array("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab".utf8)), .connectionLost),
    (.raw(Array("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n".utf8)), .connectionLost),
    (.raw(Array("SSH-2.0-OpenSSH_9.2\r\n".utf8)), .malformedResponse),
    (.raw(Array("HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n".utf8)), .malformedResponse),
    (.text("0123456789"), .tooLarge),
    (.chunked(status: 200, headers: [:], chunks: [Array("01234".utf8), Array("56789".utf8)]), .tooLarge),
  ])
  func `each way to answer badly has its code, and no secret in its text`(
    reply: ScriptedReply, code: HTTPError.Code
  ) async throws {
    try await withServer(answering: reply) { server, client in
      let request = HTTPRequest(
        .post, "\(server.url)/hunter2?k=hunter2", headers: ["Authorization": "Bearer hunter2"],
        body: Array("hunter2".utf8), maxResponseBytes: 9)
      let error = try #require(await failure(of: client, request))
      #expect(error.code == code, "\(error)")
      #expect(error.description.contains(server.url))
      #expect(!error.description.contains("hunter2"))
    }
  }

  @Test func `a body of exactly the largest size is accepted`() async throws {
    try await withServer(answering: .text("0123456789")) { server, client in
      let response = try await client.execute(HTTPRequest(.get, server.url, maxResponseBytes: 10))
      #expect(response.body.count == 10)
    }
  }

  @Test func `headers without end are refused`() async throws {
    let line = "X-Long: \(String(repeating: "x", count: 90_000))\r\n"
    let reply = ScriptedReply.raw(Array("HTTP/1.1 200 OK\r\n\(String(repeating: line, count: 4))\r\n".utf8))
    try await withServer(answering: reply) { server, client in
      #expect(await failure(of: client, HTTPRequest(.get, server.url))?.code == .tooLarge)
    }
  }

  @Test func `a server that hangs is given up at the deadline`() async throws {
    try await withServer(answering: .hang) { server, client in
      let error = await failure(of: client, HTTPRequest(.get, server.url, timeout: .milliseconds(50)))
      #expect(error?.code == .timeout && error?.isRetriable == true)
    }
  }

  @Test func `the deadline holds for a request that waits for its turn`() async throws {
    let configuration = HTTPClient.Configuration(maxRequestsInFlight: 1)
    try await withServer(configuration, answering: .held(until: "go", reply: .text("ok"))) { server, client in
      async let first = client.execute(HTTPRequest(.get, server.url))
      try await server.requests(atLeast: 1)
      let error = await failure(of: client, HTTPRequest(.get, server.url, timeout: .milliseconds(50)))
      #expect(error?.code == .timeout)
      server.release("go")
      let status = try await first.status
      #expect(status == 200)
      #expect(server.requests.count == 1)
    }
  }

  @Test(arguments: ["http://127.0.0.1:1/", "http://name.invalid/"])
  func `an address where nothing answers is unreachable`(url: String) async throws {
    let client = HTTPClient()
    let error = await failure(of: client, HTTPRequest(.get, url))
    #expect(error?.code == .unreachable && error?.isRetriable == true, "\(String(describing: error))")
    await client.close()
  }

  @Test func `a host that does not take the connection in time is unreachable, not slow`() async throws {
    let listener = FullListener()
    let client = HTTPClient()
    let request = HTTPRequest(.get, "http://127.0.0.1:\(listener.port)/", connectTimeout: .milliseconds(50))
    let error = await failure(of: client, request)
    #expect(error?.code == .unreachable && error?.isRetriable == true, "\(String(describing: error))")
    await client.close()
  }

  @Test func `a port that does not speak TLS is no TLS session`() async throws {
    try await withServer(answering: .text("plain")) { server, client in
      let error = await failure(of: client, HTTPRequest(.get, "https://127.0.0.1:\(server.port)/"))
      #expect(error?.code == .tls, "\(String(describing: error))")
      #expect(server.requests.isEmpty)
    }
  }

  @Test func `a missing certificate file is no TLS session`() async throws {
    let configuration = HTTPClient.Configuration(certificateAuthorityPath: "/nowhere/ca.pem")
    try await withServer(configuration, answering: .text("plain")) { server, client in
      let error = await failure(of: client, HTTPRequest(.get, "https://127.0.0.1:\(server.port)/"))
      #expect(error?.code == .tls, "\(String(describing: error))")
    }
  }

  @Test func `a header value with a line break never reaches the wire`() async throws {
    try await withServer(answering: .text("ok")) { server, client in
      let request = HTTPRequest(.get, server.url, headers: ["X-Key": "a\r\nX-Evil: 1"])
      #expect(await failure(of: client, request)?.code == .invalidHeader)
      #expect(server.connectionCount == 0)
    }
  }
}

import CurlHTTP
import MnemeTesting
import Testing

/// Many requests, cancellation and shutdown. Servers hold their answers until a test releases them: no clock decides.
@Suite(.timeLimit(.minutes(2)))
struct HTTPClientConcurrencyTests {
  private static let held: ScriptedHTTPServer.Handler = { request in
    .held(until: "go", reply: .response(status: 200, headers: [:], body: request.body))
  }

  @Test func `64 requests are in flight at the same time, and each gets its own answer`() async throws {
    try await withServer(handler: Self.held) { server, client in
      try await withThrowingTaskGroup(of: Bool.self) { group in
        for index in 0..<64 {
          group.addTask {
            let body = Array("body \(index)".utf8)
            return try await client.execute(HTTPRequest(.post, server.url, body: body)).body == body
          }
        }
        // None is answered before all have arrived.
        try await server.requests(atLeast: 64)
        server.release("go")
        for try await isOwn in group { #expect(isOwn) }
      }
    }
  }

  @Test func `no more requests than allowed reach the server, and the others follow`() async throws {
    let configuration = HTTPClient.Configuration(maxRequestsInFlight: 3)
    try await withServer(configuration, handler: Self.held) { server, client in
      try await withThrowingTaskGroup(of: Int.self) { group in
        for _ in 0..<10 {
          group.addTask { try await client.execute(HTTPRequest(.get, server.url)).status }
        }
        try await server.requests(atLeast: 3)
        #expect(server.requests.count == 3)
        server.release("go")
        for try await status in group { #expect(status == 200) }
      }
      #expect(server.connectionCount == 3)
    }
  }

  @Test func `no more connections than allowed are opened to one host`() async throws {
    let configuration = HTTPClient.Configuration(maxConnectionsPerHost: 2)
    try await withServer(configuration, answering: .text("ok")) { server, client in
      try await withThrowingTaskGroup(of: Int.self) { group in
        for _ in 0..<40 {
          group.addTask { try await client.execute(HTTPRequest(.get, server.url)).status }
        }
        for try await status in group { #expect(status == 200) }
      }
      #expect(server.connectionCount <= 2)
    }
  }

  @Test func `a request beyond the queue's bound fails at once`() async throws {
    let configuration = HTTPClient.Configuration(maxRequestsInFlight: 1, maxRequestsWaiting: 0)
    try await withServer(configuration, handler: Self.held) { server, client in
      async let first = client.execute(HTTPRequest(.get, server.url))
      try await server.requests(atLeast: 1)
      let error = await failure(of: client, HTTPRequest(.get, server.url))
      #expect(error?.code == .busy && error?.isRetriable == true)
      server.release("go")
      let status = try await first.status
      #expect(status == 200)
    }
  }

  @Test func `requests one after the other share a connection`() async throws {
    try await withServer(answering: .chunked(status: 200, headers: [:], chunks: [[1], [2]])) { server, client in
      for _ in 0..<20 {
        let response = try await client.execute(HTTPRequest(.get, server.url))
        #expect(response.body == [1, 2])
      }
      #expect(server.connectionCount == 1)
    }
  }

  @Test func `a kept connection that the server has closed costs no failure`() async throws {
    let handler: ScriptedHTTPServer.Handler = { request in
      // The second request of the first connection finds it closed.
      request.path == "/second" && request.connection == 1 ? .close : .text("ok")
    }
    try await withServer(handler: handler) { server, client in
      let first = try await client.execute(HTTPRequest(.get, "\(server.url)/first"))
      let second = try await client.execute(HTTPRequest(.post, "\(server.url)/second", body: [1]))
      #expect(first.status == 200 && second.status == 200)
      #expect(server.requests.map(\.connection) == [1, 1, 2])
    }
  }

  @Test func `cancelling answers a request that the server never answers`() async throws {
    try await withServer(answering: .hang) { server, client in
      let task = Task { await failure(of: client, HTTPRequest(.get, server.url)) }
      try await server.requests(atLeast: 1)
      task.cancel()
      let error = await task.value
      #expect(error?.code == .cancelled && error?.isRetriable == false)
    }
  }

  @Test func `cancelling frees the place for the next request`() async throws {
    let configuration = HTTPClient.Configuration(maxRequestsInFlight: 1)
    let handler: ScriptedHTTPServer.Handler = { $0.path == "/hang" ? .hang : .text("ok") }
    try await withServer(configuration, handler: handler) { server, client in
      let task = Task { await failure(of: client, HTTPRequest(.get, "\(server.url)/hang")) }
      try await server.requests(atLeast: 1)
      async let next = client.execute(HTTPRequest(.get, "\(server.url)/next"))
      task.cancel()
      #expect(await task.value?.code == .cancelled)
      let status = try await next.status
      #expect(status == 200)
    }
  }

  @Test func `a task that is cancelled already sends nothing`() async throws {
    try await withServer(answering: .text("ok")) { server, client in
      let task = Task {
        withUnsafeCurrentTask { $0?.cancel() }
        return await failure(of: client, HTTPRequest(.get, server.url))
      }
      #expect(await task.value?.code == .cancelled)
      #expect(server.connectionCount == 0)
    }
  }

  @Test func `cancels at any moment answer each request once`() async throws {
    try await withServer(answering: .text("ok")) { server, client in
      await withTaskGroup(of: Void.self) { group in
        for index in 0..<400 {
          group.addTask {
            let task = Task { try await client.execute(HTTPRequest(.get, server.url)).status }
            if index % 2 == 0 { await Task.yield() }
            task.cancel()
            switch await task.result {
            case .success(let status): #expect(status == 200)
            case .failure(let error): #expect((error as? HTTPError)?.code == .cancelled)
            }
          }
        }
      }
      let status = try await client.execute(HTTPRequest(.get, server.url)).status
      #expect(status == 200)
    }
  }

  @Test func `closing fails what is in flight and what waits, and then refuses`() async throws {
    let configuration = HTTPClient.Configuration(maxRequestsInFlight: 2)
    try await withServer(configuration, answering: .hang) { server, client in
      await withTaskGroup(of: HTTPError.Code?.self) { group in
        for _ in 0..<5 {
          group.addTask { await failure(of: client, HTTPRequest(.get, server.url))?.code }
        }
        _ = try? await server.requests(atLeast: 2)
        await client.close()
        for await code in group { #expect(code == .closed) }
      }
      #expect(await failure(of: client, HTTPRequest(.get, server.url))?.code == .closed)
      await client.close()
    }
  }

  @Test func `closing a client that was never used returns, for everyone who closes`() async {
    for _ in 0..<50 {
      let client = HTTPClient()
      async let first: Void = client.close()
      async let second: Void = client.close()
      _ = await (first, second)
    }
  }

  @Test func `a client that is let go without closing lets its server stop`() async throws {
    let server = try ScriptedHTTPServer { _ in .text("ok") }
    do {
      let client = HTTPClient()
      let status = try await client.execute(HTTPRequest(.get, server.url)).status
      #expect(status == 200)
    }
    await server.stop()
  }
}

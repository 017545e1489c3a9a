import CurlHTTP
import LanguageModel
import MnemeCore
import MnemeTesting
import OpenAIModels
import Testing

/// A key that must never be seen in any text.
let secretKey = "sk-hunter2"

/// Runs `body` with a scripted server and a client, and stops both whatever happens.
func withServer(
  handler: @escaping ScriptedHTTPServer.Handler, _ body: (ScriptedHTTPServer, HTTPClient) async throws -> Void
) async throws {
  let server = try ScriptedHTTPServer(handler: handler)
  let client = HTTPClient()
  let result: Result<Void, any Error>
  do {
    result = .success(try await body(server, client))
  } catch {
    result = .failure(error)
  }
  await client.close()
  await server.stop()
  try result.get()
}

/// The same with one reply to every request.
func withServer(
  answering reply: ScriptedReply, _ body: (ScriptedHTTPServer, HTTPClient) async throws -> Void
) async throws {
  let handler: ScriptedHTTPServer.Handler = { _ in reply }
  try await withServer(handler: handler, body)
}

extension OpenAIEndpoint {
  /// The server's `/v1`, with the secret key.
  init(_ server: ScriptedHTTPServer, timeout: Duration = .seconds(60)) {
    self.init(baseURL: "\(server.url)/v1", apiKey: secretKey, timeout: timeout)
  }
}

/// The error of a call that must fail.
func failure<Value>(of body: () async throws -> Value) async -> (any Error)? {
  do {
    _ = try await body()
    Issue.record("expected a failure")
    return nil
  } catch {
    return error
  }
}

/// What both models make of an answer that is none, whichever path was asked.
let sharedFailures: [(ScriptedReply, ModelError.Code, Duration?)] = [
  (.text("", status: 429, headers: ["Retry-After": "7"]), .rateLimited, .seconds(7)),
  (.text("", status: 429, headers: ["Retry-After": "7", "retry-after-ms": "1500"]), .rateLimited, .milliseconds(1500)),
  (.text("", status: 429, headers: ["Retry-After": "7", "retry-after-ms": "-1"]), .rateLimited, .seconds(7)),
  (.text("", status: 429, headers: ["Retry-After": "Sun, 06 Nov 1994 08:49:37 GMT"]), .rateLimited, .zero),
  (.text("", status: 429, headers: ["Retry-After": "soon"]), .rateLimited, nil),
  (.text("", status: 429), .rateLimited, nil),
  (.text("", status: 500), .serverError, nil),
  (.text("", status: 503, headers: ["Retry-After": "3"]), .serverError, .seconds(3)),
  (.html("<html>502 Bad Gateway</html>", status: 502), .serverError, nil),
  (.text("", status: 529), .serverError, nil),
  (.text("", status: 401), .unauthorized, nil),
  (.text("", status: 403), .unauthorized, nil),
  (.text("", status: 400), .refused, nil),
  (.text("", status: 404), .refused, nil),
  (.text("", status: 408), .timeout, nil),
  (.text("", status: 413), .refused, nil),
  (.text("", status: 422), .refused, nil),
  (.text("", status: 302, headers: ["Location": "/elsewhere"]), .refused, nil),
  (.html("<!doctype html><title>Sign in</title>"), .malformedReply, nil),
  (.text(""), .malformedReply, nil),
  (.text("not JSON"), .malformedReply, nil),
  (.text("{\"choices\": ["), .malformedReply, nil),
  (.json([]), .malformedReply, nil),
  (.json([:]), .malformedReply, nil),
  (.json(["error": ["message": "out of order"]]), .malformedReply, nil),
  (.cutOff(status: 200, body: [0x7B], missingBytes: 9), .unreachable, nil),
  (.close, .unreachable, nil),
  (.reset, .unreachable, nil),
  (.raw(Array("SSH-2.0-OpenSSH_9.2\r\n".utf8)), .malformedReply, nil),
]

import CurlHTTP
import MnemeTesting
import Testing

/// Runs `body` with a scripted server and a client, and stops both whatever happens.
func withServer(
  _ configuration: HTTPClient.Configuration = HTTPClient.Configuration(),
  handler: @escaping ScriptedHTTPServer.Handler,
  _ body: (ScriptedHTTPServer, HTTPClient) async throws -> Void
) async throws {
  let server = try ScriptedHTTPServer(handler: handler)
  let client = HTTPClient(configuration)
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
  _ configuration: HTTPClient.Configuration = HTTPClient.Configuration(), answering reply: ScriptedReply,
  _ body: (ScriptedHTTPServer, HTTPClient) async throws -> Void
) async throws {
  let handler: ScriptedHTTPServer.Handler = { _ in reply }
  try await withServer(configuration, handler: handler, body)
}

/// The error of a request that must fail.
func failure(of client: HTTPClient, _ request: HTTPRequest) async -> HTTPError? {
  do {
    let response = try await client.execute(request)
    Issue.record("expected a failure, got status \(response.status)")
    return nil
  } catch {
    return error as? HTTPError
  }
}

import CurlHTTP
import FoundationEssentials
import LanguageModel

/// Sends one request of the OpenAI protocol and turns whatever goes wrong into a `ModelError`.
struct OpenAITransport: Sendable {
  let client: HTTPClient
  let endpoint: OpenAIEndpoint

  /// The body of a 2xx answer.
  /// - Throws: `ModelError`, or `CancellationError` where the task was cancelled or the client closed.
  func post(_ path: String, _ body: some Encodable) async throws -> Data {
    let encoder = JSONEncoder()
    // Equal requests are equal bytes, so that a provider's prefix cache and a test's comparison see them so.
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    var headers: HTTPHeaders = ["Content-Type": "application/json", "Accept": "application/json"]
    if let key = endpoint.apiKey { headers.add("Authorization", "Bearer \(key)") }
    let request = HTTPRequest(
      .post, endpoint.url(path), headers: headers, body: [UInt8](try encoder.encode(body)), timeout: endpoint.timeout,
      connectTimeout: endpoint.connectTimeout, maxResponseBytes: endpoint.maxResponseBytes)
    let response: HTTPResponse
    do {
      response = try await client.execute(request)
    } catch let error as HTTPError {
      throw Self.failure(error)
    }
    guard (200..<300).contains(response.status) else {
      throw Self.failure(
        response, from: request.origin ?? "the endpoint", apiKey: endpoint.apiKey,
        unixSeconds: Int64(Date().timeIntervalSince1970))
    }
    return Data(response.body)
  }

  /// What a 2xx answer that is not `Reply` means.
  func decode<Reply: Decodable>(_ type: Reply.Type, from body: Data, path: String) throws(ModelError) -> Reply {
    do {
      return try JSONDecoder().decode(type, from: body)
    } catch {
      // The decoder's error quotes the reply.
      let isHTML = body.first { $0 > UInt8(ascii: " ") } == UInt8(ascii: "<")
      let found = isHTML ? "a web page" : "no JSON of the expected shape"
      throw ModelError(
        .malformedReply, "the answer to \(path) is \(found) (\(body.count) bytes); check the base URL, /v1 included")
    }
  }

  /// What a request without a response means to the caller of a model.
  static func failure(_ error: HTTPError) -> any Error {
    switch error.code {
    case .cancelled, .closed: CancellationError()
    case .unreachable, .addressRefused, .connectionLost, .tls: ModelError(.unreachable, error.description)
    case .timeout: ModelError(.timeout, error.description)
    case .tooLarge, .malformedResponse: ModelError(.malformedReply, error.description)
    case .invalidURL, .invalidHeader: ModelError(.refused, error.description)
    case .busy: ModelError(.rateLimited, error.description)
    }
  }

  /// What a status other than 2xx means. Of the body only the provider's error code is shown: its message may quote the
  /// prompt or the key.
  static func failure(
    _ response: HTTPResponse, from origin: String, apiKey: String?, unixSeconds: Int64
  ) -> ModelError {
    let reason = errorCode(response.body, apiKey: apiKey).map { " (\($0))" } ?? ""
    let what = "\(origin) answered with status \(response.status)\(reason)"
    let delay = retryAfter(response.headers, unixSeconds: unixSeconds)
    switch response.status {
    case 401, 403: return ModelError(.unauthorized, "\(what); check the API key and its rights")
    case 404: return ModelError(.refused, "\(what); check the base URL, /v1 included, and the model's name")
    case 408: return ModelError(.timeout, "\(what); try again", retryAfter: delay)
    case 429: return ModelError(.rateLimited, "\(what); wait, send less or raise the quota", retryAfter: delay)
    case 400..<500: return ModelError(.refused, "\(what); check the model's name, limits and abilities")
    case 500..<600: return ModelError(.serverError, "\(what); try again", retryAfter: delay)
    case 300..<400: return ModelError(.refused, "\(what), a redirect; set the base URL to where it leads")
    default: return ModelError(.malformedReply, "\(what), which is no final status; check what serves this URL")
    }
  }

  /// `retry-after-ms`, which some providers send beside the standard's header, is the finer one.
  private static func retryAfter(_ headers: HTTPHeaders, unixSeconds: Int64) -> Duration? {
    if let milliseconds = headers["retry-after-ms"].flatMap(Double.init), milliseconds.isFinite, milliseconds >= 0 {
      return min(.milliseconds(min(milliseconds, 1e12)), RetryAfter.maxDelay)
    }
    return headers["retry-after"].flatMap { RetryAfter.delay($0, unixSeconds: unixSeconds) }
  }

  /// `error.code`, else `error.type`, where it looks like a code and not like text or the key.
  private static func errorCode(_ body: [UInt8], apiKey: String?) -> String? {
    struct Envelope: Decodable {
      struct Failure: Decodable {
        let code: String?
        let type: String?

        enum CodingKeys: CodingKey {
          case code
          case type
        }

        init(from decoder: any Decoder) throws {
          let container = try decoder.container(keyedBy: CodingKeys.self)
          // Some servers send a number here.
          self.code = try? container.decode(String.self, forKey: .code)
          self.type = try? container.decode(String.self, forKey: .type)
        }
      }
      let error: Failure
    }
    guard let failure = try? JSONDecoder().decode(Envelope.self, from: Data(body)).error else { return nil }
    return [failure.code, failure.type].lazy.compactMap { $0 }.first { code in
      (1...64).contains(code.utf8.count) && code.utf8.allSatisfy { (97...122).contains($0) || $0 == 95 }
        && !(apiKey.map(code.contains) ?? false)
    }
  }
}

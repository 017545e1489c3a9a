import Testing

@testable import CurlHTTP

struct RequestValidationTests {
  @Test(arguments: [
    ("http://h", "http://h", false, false),
    ("http://h:80/a?b=c", "http://h:80", false, false),
    ("HTTPS://Example.com/x", "https://Example.com", true, false),
    ("http://127.0.0.1:8080/", "http://127.0.0.1:8080", false, true),
    ("http://LOCALHOST:1/v1", "http://LOCALHOST:1", false, true),
    ("https://[::1]:9/", "https://[::1]:9", true, true),
  ])
  func `a URL is reduced to scheme, host and port`(
    url: String, origin: String, isSecure: Bool, isLoopback: Bool
  ) throws {
    let target = try RequestTarget(url: url)
    #expect(target.origin == origin)
    #expect(target.isSecure == isSecure)
    #expect(target.isLoopback == isLoopback)
  }

  @Test(arguments: [
    "", "h", "/v1", "host:8080/x", "ftp://h/", "file:///etc/passwd", "http://", "http://h:99999/", "http://h/a b",
    "http://h/\r\nX: y", "http://h/\0", "http://user:hunter2@h/", "http://hunter2@h/",
  ])
  func `anything but an absolute http or https URL is refused, and not repeated`(url: String) {
    let error = #expect(throws: HTTPError.self) { try RequestTarget(url: url) }
    #expect(error?.code == .invalidURL)
    #expect(error?.isRetriable == false)
    #expect(error?.description.contains("hunter2") == false)
  }

  @Test(arguments: [
    ("X-Key", "hunter2\r\nX-Evil: 1"), ("X-Key", "hunter2\nX-Evil: 1"), ("X-Key", "hunter2\0"), ("X-Key", "a\u{7F}"),
    ("X Key", "hunter2"), ("X-Key:", "hunter2"), ("", "hunter2"), ("X-Kéy", "hunter2"), ("X\r\nY", "hunter2"),
    ("Content-Length", "7"), ("transfer-encoding", "chunked"), ("HOST", "elsewhere"), ("Expect", "100-continue"),
    ("Connection", "close"),
  ])
  func `a header that could change the message's frame is refused, and its value not repeated`(
    name: String, value: String
  ) {
    var headers = HTTPHeaders()
    headers.add(name, value)
    let error = #expect(throws: HTTPError.self) { try headers.validate() }
    #expect(error?.code == .invalidHeader)
    #expect(error?.description.contains("hunter2") == false)
  }

  @Test func `ordinary headers pass`() throws {
    try (["Authorization": "Bearer a.b-c_d~e+f/g=", "X-Empty": "", "X-Tab": "a\tb", "X-Word": "çé"] as HTTPHeaders)
      .validate()
  }

  @Test func `headers are found without regard to case`() {
    let headers: HTTPHeaders = ["Retry-After": "7", "retry-after": "8"]
    #expect(headers["RETRY-AFTER"] == "7")
    #expect(headers["Retry"] == nil)
    #expect(headers.fields.map(\.value) == ["7", "8"])
  }

  @Test func `no description or dump shows a header value, a path or a body`() {
    let request = HTTPRequest(
      .post, "http://h/hunter2?key=hunter2", headers: ["Authorization": "Bearer hunter2"], body: Array("hunter2".utf8))
    let response = HTTPResponse(status: 200, headers: ["Set-Cookie": "hunter2"], body: Array("hunter2".utf8))
    var dumped = ""
    dump(request, to: &dumped)
    dump(response, to: &dumped)
    let texts = ["\(request)", String(reflecting: request), "\(response)", String(reflecting: response), dumped]
    for text in texts { #expect(!text.contains("hunter2"), "\(text)") }
  }

  @Test(arguments: [
    (Duration.zero, 0), (.seconds(-1), 0), (.nanoseconds(1), 1), (.milliseconds(1), 1), (.microseconds(1001), 2),
    (.seconds(60), 60_000), (.seconds(Int64.max), Int.max),
  ])
  func `durations become whole milliseconds, rounded up`(duration: Duration, milliseconds: Int) {
    #expect(duration.wholeMilliseconds == milliseconds)
  }
}

import CCurl

/// One request on its way: the owner of an easy handle and of the bytes that arrive for it.
///
/// Confined to the loop's thread. libcurl holds an unretained pointer to the instance, which is valid because the loop
/// keeps the instance until `close` has destroyed the handle.
final class Transfer {
  /// The largest set of response headers accepted, in bytes.
  static let maxHeaderBytes = 256 << 10

  let id: UInt64
  let target: RequestTarget
  let startedAt: ContinuousClock.Instant
  let easy: UnsafeMutableRawPointer
  private let maxResponseBytes: Int
  private let connectTimeout: Duration
  private var headerList: UnsafeMutablePointer<curl_slist>?
  private var headers = HTTPHeaders()
  private var headerBytes = 0
  private var body: [UInt8] = []
  private var isTooLarge = false
  private let mayConnect: (@Sendable ([UInt8]) -> Bool)?
  /// Whether an address was refused, and whether one was allowed.
  private var wasRefused = false
  private var wasAllowed = false

  init(
    id: UInt64, request: HTTPRequest, target: RequestTarget, startedAt: ContinuousClock.Instant,
    reuse: ConnectionSuspicion.Reuse, configuration: HTTPClient.Configuration
  ) {
    guard let easy = curl_easy_init() else { fatalError("libcurl has no memory for a transfer") }
    self.id = id
    self.target = target
    self.startedAt = startedAt
    self.easy = easy
    self.maxResponseBytes = request.maxResponseBytes
    self.connectTimeout = request.connectTimeout
    self.mayConnect = configuration.mayConnect
    self.setConnection(request, configuration)
    self.setReuse(reuse)
    self.setMessage(request, configuration)
    let context = Unmanaged.passUnretained(self).toOpaque()
    self.check(mneme_curl_set_data_function(easy, CURLOPT_WRITEFUNCTION, receiveBody))
    self.check(mneme_curl_set_pointer(easy, CURLOPT_WRITEDATA, context))
    self.check(mneme_curl_set_data_function(easy, CURLOPT_HEADERFUNCTION, receiveHeader))
    self.check(mneme_curl_set_pointer(easy, CURLOPT_HEADERDATA, context))
    if self.mayConnect != nil { self.check(mneme_curl_set_socket_function(easy, openSocket, context)) }
  }

  deinit { precondition(self.isClosed, "a transfer is closed before it is let go") }

  private var isClosed = false

  /// Destroys the easy handle; it must have been removed from its multi handle.
  func close() {
    precondition(!self.isClosed, "a transfer is closed once")
    self.isClosed = true
    curl_easy_cleanup(self.easy)
    curl_slist_free_all(self.headerList)
    self.headerList = nil
  }

  /// The answer, once libcurl has reported `result`.
  func outcome(_ result: CURLcode) -> Result<HTTPResponse, HTTPError> {
    if self.isTooLarge {
      return .failure(
        HTTPError(
          .tooLarge,
          "the response of \(self.target.origin) exceeds \(self.maxResponseBytes) bytes; ask for less"
        ))
    }
    if self.wasRefused, !self.wasAllowed, result == CURLE_COULDNT_CONNECT {
      return .failure(
        HTTPError(
          .addressRefused, "\(self.target.origin) is at an address that may not be connected to; name another host"))
    }
    guard result == CURLE_OK else {
      return .failure(curlFailure(result, origin: self.target.origin, connectTimeout: self.connectTimeout))
    }
    var status = 0
    self.check(mneme_curl_get_long(self.easy, CURLINFO_RESPONSE_CODE, &status))
    return .success(HTTPResponse(status: status, headers: self.headers, body: self.body))
  }

  /// Returns how many bytes were taken; anything but all of them ends the transfer.
  fileprivate func take(body bytes: UnsafeRawBufferPointer) -> Int {
    guard bytes.count <= self.maxResponseBytes - self.body.count else {
      self.isTooLarge = true
      return 0
    }
    self.body.append(contentsOf: bytes)
    return bytes.count
  }

  /// A socket for an address that may be connected to.
  fileprivate func open(_ address: UnsafeMutablePointer<curl_sockaddr>) -> curl_socket_t {
    var bytes = [UInt8](repeating: 0, count: 16)
    let count = mneme_curl_address_bytes(address, &bytes)
    guard count > 0, self.mayConnect?(Array(bytes.prefix(count))) ?? true else {
      self.wasRefused = true
      return CURL_SOCKET_BAD
    }
    self.wasAllowed = true
    return mneme_curl_open_socket(address)
  }

  fileprivate func take(header bytes: UnsafeRawBufferPointer) -> Int {
    self.headerBytes += bytes.count
    guard self.headerBytes <= Self.maxHeaderBytes else {
      self.isTooLarge = true
      return 0
    }
    let line = String(decoding: bytes.split { $0 == 0x0D || $0 == 0x0A }.first ?? [], as: UTF8.self)
    if line.hasPrefix("HTTP/") {
      // An informational response came before this one; only the final one counts.
      self.headers = HTTPHeaders()
    } else if let colon = line.firstIndex(of: ":") {
      self.headers.add(
        String(line[..<colon]).trimmingSpaces, String(line[line.index(after: colon)...]).trimmingSpaces)
    }
    return bytes.count
  }

  private func setConnection(_ request: HTTPRequest, _ configuration: HTTPClient.Configuration) {
    self.set(CURLOPT_PROTOCOLS_STR, "http,https")
    self.set(CURLOPT_URL, request.url)
    self.set(CURLOPT_NOSIGNAL, 1)
    self.set(CURLOPT_CONNECTTIMEOUT_MS, max(1, request.connectTimeout.wholeMilliseconds))
    self.set(CURLOPT_TCP_KEEPALIVE, 1)
    self.set(CURLOPT_TCP_KEEPIDLE, 60)
    self.set(CURLOPT_TCP_KEEPINTVL, 30)
    // Without it, removing a transfer whose name is still being resolved joins the resolver's thread: a dead name
    // server would stop every other request of the loop. With it that thread is detached and frees itself.
    self.set(CURLOPT_QUICK_EXIT, 1)
    if self.target.isSecure {
      self.set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_2TLS))
      // Rather wait for the first connection, to share it, than open one for each request.
      self.set(CURLOPT_PIPEWAIT, 1)
      if let path = configuration.certificateAuthorityPath { self.set(CURLOPT_CAINFO, path) }
    } else {
      // libcurl 7.88 breaks HTTP/2 without TLS once a connection is reused (curl issue 10634).
      self.set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
    }
    // The environment's proxy is for the world outside; an empty name turns it off.
    if self.target.isLoopback || configuration.mayConnect != nil { self.set(CURLOPT_PROXY, "") }
  }

  private func setReuse(_ reuse: ConnectionSuspicion.Reuse) {
    self.set(CURLOPT_MAXAGE_CONN, Int(ConnectionSuspicion.maxIdle.components.seconds))
    switch reuse {
    case .any: break
    case .youngerThan(let seconds): self.set(CURLOPT_MAXLIFETIME_CONN, seconds)
    case .none: self.set(CURLOPT_FRESH_CONNECT, 1)
    }
  }

  private func setMessage(_ request: HTTPRequest, _ configuration: HTTPClient.Configuration) {
    self.set(CURLOPT_USERAGENT, configuration.userAgent)
    switch request.method {
    case .get: self.set(CURLOPT_HTTPGET, 1)
    case .post:
      self.set(CURLOPT_POST, 1)
      // The size comes first: CURLOPT_COPYPOSTFIELDS copies as many bytes as were announced.
      self.check(mneme_curl_set_offset(self.easy, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(request.body.count)))
      request.body.withUnsafeBytes { bytes in
        // Without a pointer libcurl would read the body from standard input.
        if let start = bytes.baseAddress, !bytes.isEmpty {
          self.check(mneme_curl_set_pointer(self.easy, CURLOPT_COPYPOSTFIELDS, start))
        } else {
          self.set(CURLOPT_COPYPOSTFIELDS, "")
        }
      }
    }
    for field in request.headers.fields {
      // "Name:" would remove libcurl's own field; "Name;" sends an empty one.
      self.addHeader(field.value.isEmpty ? "\(field.name);" : "\(field.name): \(field.value)")
    }
    // Otherwise a large body waits up to one second for "100 Continue", which model servers do not send.
    self.addHeader("Expect:")
    self.check(mneme_curl_set_headers(self.easy, self.headerList))
  }

  private func addHeader(_ line: String) {
    guard let list = curl_slist_append(self.headerList, line) else { fatalError("libcurl has no memory for a header") }
    self.headerList = list
  }

  private func set(_ option: CURLoption, _ value: Int) { self.check(mneme_curl_set_long(self.easy, option, value)) }

  private func set(_ option: CURLoption, _ value: String) {
    self.check(mneme_curl_set_string(self.easy, option, value))
  }

  /// Options are constants of this file and their values are checked before: refusal means a libcurl that lacks them.
  private func check(_ code: CURLcode) {
    precondition(code == CURLE_OK, "libcurl refuses an option: \(String(cString: curl_easy_strerror(code)))")
  }
}

private func receiveBody(
  _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
  guard let context else { return 0 }
  let transfer = Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
  return transfer.take(body: UnsafeRawBufferPointer(start: bytes, count: size * count))
}

private func receiveHeader(
  _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
  guard let context else { return 0 }
  let transfer = Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
  return transfer.take(header: UnsafeRawBufferPointer(start: bytes, count: size * count))
}

private func openSocket(
  _ context: UnsafeMutableRawPointer?, _ purpose: curlsocktype, _ address: UnsafeMutablePointer<curl_sockaddr>?
) -> curl_socket_t {
  guard let context, let address else { return CURL_SOCKET_BAD }
  return Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue().open(address)
}

import CCurl

/// Where a request goes, as libcurl itself reads the URL, so that what is checked is what is connected to.
struct RequestTarget: Sendable, Equatable {
  /// Scheme, host and port: all that an error may say of a URL.
  let origin: String
  /// Whether the scheme is `https`.
  let isSecure: Bool
  /// Whether the host is this machine by its name or number; no proxy is asked for such a one.
  let isLoopback: Bool

  init(url: String) throws(HTTPError) {
    // libcurl would read up to the NUL.
    guard !url.utf8.contains(0) else { throw Self.invalid("holds a NUL byte") }
    guard let handle = curl_url() else { fatalError("libcurl has no memory for a URL") }
    defer { curl_url_cleanup(handle) }
    guard curl_url_set(handle, CURLUPART_URL, url, 0) == CURLUE_OK else { throw Self.invalid("is not an absolute URL") }
    let scheme = Self.part(CURLUPART_SCHEME, of: handle) ?? ""
    guard scheme == "http" || scheme == "https" else { throw Self.invalid("is neither http nor https") }
    guard let host = Self.part(CURLUPART_HOST, of: handle), !host.isEmpty else { throw Self.invalid("has no host") }
    guard Self.part(CURLUPART_USER, of: handle) == nil, Self.part(CURLUPART_PASSWORD, of: handle) == nil else {
      throw Self.invalid("holds a user name or password, which belongs in a header")
    }
    let port = Self.part(CURLUPART_PORT, of: handle).map { ":\($0)" } ?? ""
    self.origin = "\(scheme)://\(host)\(port)"
    self.isSecure = scheme == "https"
    let name = host.lowercased()
    self.isLoopback = name == "localhost" || name == "[::1]" || name.hasPrefix("127.")
  }

  private static func part(_ part: CURLUPart, of handle: OpaquePointer) -> String? {
    var text: UnsafeMutablePointer<CChar>?
    guard curl_url_get(handle, part, &text, 0) == CURLUE_OK, let text else { return nil }
    defer { curl_free(text) }
    return String(cString: text)
  }

  private static func invalid(_ reason: String) -> HTTPError {
    HTTPError(.invalidURL, "the request's URL \(reason); give one like http://host:port/path")
  }
}

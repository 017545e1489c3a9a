import CCurl

/// What a failed transfer means to the caller. libcurl's texts for codes are constants: none of the request is in them.
func curlFailure(_ result: CURLcode, origin: String, connectTimeout: Duration) -> HTTPError {
  let reason = "\(String(cString: curl_easy_strerror(result))) (libcurl \(result.rawValue))"
  switch result {
  case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY, CURLE_COULDNT_CONNECT:
    return HTTPError(.unreachable, "\(origin) is not reachable: \(reason); check that it runs and the URL is right")
  case CURLE_OPERATION_TIMEDOUT:
    // The whole request's time is kept by the loop: libcurl itself only times the connection.
    return HTTPError(.unreachable, "no connection to \(origin) within \(connectTimeout); check that it runs")
  case CURLE_SEND_ERROR, CURLE_RECV_ERROR, CURLE_GOT_NOTHING, CURLE_PARTIAL_FILE, CURLE_HTTP2, CURLE_HTTP2_STREAM,
    CURLE_SEND_FAIL_REWIND:
    return HTTPError(.connectionLost, "\(origin) ended the connection before its response: \(reason); try again")
  case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CERTPROBLEM,
    CURLE_SSL_CIPHER, CURLE_SSL_ISSUER_ERROR, CURLE_SSL_INVALIDCERTSTATUS, CURLE_USE_SSL_FAILED:
    return HTTPError(.tls, "no TLS session with \(origin): \(reason); check its certificate and the scheme")
  case CURLE_OUT_OF_MEMORY:
    fatalError("libcurl is out of memory")
  default:
    return HTTPError(.malformedResponse, "\(origin) did not answer with HTTP: \(reason); check the URL's port")
  }
}

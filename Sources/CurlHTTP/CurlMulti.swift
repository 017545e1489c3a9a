import CCurl

/// libcurl's process-wide state, made once. It is never torn down: other libraries of the process may use libcurl too.
private let globalInit: Void = {
  let code = curl_global_init(Int(CURL_GLOBAL_ALL))
  precondition(code == CURLE_OK, "libcurl does not start: \(String(cString: curl_easy_strerror(code)))")
}()

/// Wakes the thread that waits in `CurlMulti.poll`.
///
/// `@unchecked` because all that is done with the handle here is `curl_multi_wakeup(3)`, which "can be called from any
/// thread"; `TransferLoop` takes the doorbell away, under a lock, before the handle is destroyed.
struct Doorbell: @unchecked Sendable {
  fileprivate let handle: UnsafeMutableRawPointer

  func ring() {
    let code = curl_multi_wakeup(self.handle)
    precondition(code == CURLM_OK, "libcurl cannot wake its loop: \(String(cString: curl_multi_strerror(code)))")
  }
}

/// The one owner of a multi handle, created, used and closed on one thread.
final class CurlMulti {
  private let handle: UnsafeMutableRawPointer

  init(_ configuration: HTTPClient.Configuration) {
    _ = globalInit
    guard let handle = curl_multi_init() else { fatalError("libcurl has no memory for a multi handle") }
    self.handle = handle
    self.set(CURLMOPT_MAX_HOST_CONNECTIONS, configuration.maxConnectionsPerHost)
    self.set(CURLMOPT_MAXCONNECTS, configuration.maxRequestsInFlight)
  }

  var doorbell: Doorbell { Doorbell(handle: self.handle) }

  func add(_ transfer: Transfer) { self.check(curl_multi_add_handle(self.handle, transfer.easy)) }

  func remove(_ transfer: Transfer) { self.check(curl_multi_remove_handle(self.handle, transfer.easy)) }

  /// Moves every transfer as far as it goes without waiting.
  func perform() {
    var running: Int32 = 0
    self.check(curl_multi_perform(self.handle, &running))
  }

  /// The next transfer that has ended, by its easy handle.
  func nextDone() -> (easy: UnsafeMutableRawPointer, result: CURLcode)? {
    var result = CURLE_OK
    guard let easy = mneme_curl_multi_next_done(self.handle, &result) else { return nil }
    return (easy, result)
  }

  /// Waits for a socket, the doorbell, one of libcurl's own timers or the end of `timeout`.
  func poll(timeout: Duration) {
    self.check(curl_multi_poll(self.handle, nil, 0, Int32(clamping: timeout.wholeMilliseconds), nil))
  }

  /// Destroys the handle; every transfer must have been removed.
  func close() { self.check(curl_multi_cleanup(self.handle)) }

  private func set(_ option: CURLMoption, _ value: Int) {
    self.check(mneme_curl_multi_set_long(self.handle, option, value))
  }

  /// What a multi function refuses is a mistake in this folder or the end of memory: neither can be gone past.
  private func check(_ code: CURLMcode) {
    precondition(code == CURLM_OK, "libcurl's multi interface failed: \(String(cString: curl_multi_strerror(code)))")
  }
}

extension Duration {
  /// In milliseconds, rounded up, so that waiting this long does not end early; at least 0.
  var wholeMilliseconds: Int {
    let (seconds, attoseconds) = self.components
    guard seconds >= 0, attoseconds >= 0 else { return 0 }
    let (whole, isOver) = Int(seconds).multipliedReportingOverflow(by: 1000)
    return isOver ? .max : whole + Int((attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
  }
}

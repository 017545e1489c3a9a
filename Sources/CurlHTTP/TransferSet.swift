import CCurl

/// The transfers of one loop and the multi handle they belong to; confined to the loop's thread.
final class TransferSet {
  private let configuration: HTTPClient.Configuration
  private let multi: CurlMulti
  private var transfers: [UnsafeMutableRawPointer: Transfer] = [:]
  private var handles: [UInt64: UnsafeMutableRawPointer] = [:]
  private var suspicion = ConnectionSuspicion()

  init(_ configuration: HTTPClient.Configuration) {
    self.configuration = configuration
    self.multi = CurlMulti(configuration)
  }

  var doorbell: Doorbell { self.multi.doorbell }

  func start(_ id: UInt64, _ request: HTTPRequest, _ target: RequestTarget, now: ContinuousClock.Instant) {
    let transfer = Transfer(
      id: id, request: request, target: target, startedAt: now, reuse: self.reuse(target, now: now),
      configuration: self.configuration)
    self.transfers[transfer.easy] = transfer
    self.handles[id] = transfer.easy
    self.multi.add(transfer)
  }

  /// Aborts a transfer, unless it has ended by itself.
  func drop(_ id: UInt64) {
    guard let transfer = self.handles[id].flatMap({ self.transfers[$0] }) else { return }
    self.release(transfer)
  }

  /// A request to `target` has had no answer in time; HTTP/1.1 needs no suspicion, as its connection closes at once.
  func timedOut(_ target: RequestTarget, now: ContinuousClock.Instant) {
    if target.isSecure { self.suspicion.timedOut(target.origin, now: now) }
  }

  /// Moves every transfer as far as it goes, and returns those that have ended.
  func perform() -> [(id: UInt64, outcome: Result<HTTPResponse, HTTPError>)] {
    self.multi.perform()
    var ended: [(id: UInt64, outcome: Result<HTTPResponse, HTTPError>)] = []
    while let (easy, result) = self.multi.nextDone() {
      guard let transfer = self.transfers[easy] else { preconditionFailure("libcurl ended what was never started") }
      ended.append((transfer.id, transfer.outcome(result)))
      self.release(transfer)
    }
    return ended
  }

  /// Waits for something to do, at most for `timeout`.
  func wait(timeout: Duration) { self.multi.poll(timeout: timeout) }

  /// Aborts everything and destroys the multi handle.
  func close() {
    for transfer in Array(self.transfers.values) { self.release(transfer) }
    self.multi.close()
  }

  private func release(_ transfer: Transfer) {
    self.transfers[transfer.easy] = nil
    self.handles[transfer.id] = nil
    self.multi.remove(transfer)
    transfer.close()
  }

  private func reuse(_ target: RequestTarget, now: ContinuousClock.Instant) -> ConnectionSuspicion.Reuse {
    guard target.isSecure else { return .any }
    let oldest = self.transfers.values.lazy.filter { $0.target.origin == target.origin }.map(\.startedAt).min()
    return self.suspicion.reuse(target.origin, oldestStart: oldest, now: now)
  }
}

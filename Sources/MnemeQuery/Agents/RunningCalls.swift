import Synchronization

/// Calls under way that their client may take back. Bounded for each session and in all.
final class RunningCalls: Sendable {
  /// Who asked, in which session, under which id: nobody takes back somebody else's call.
  struct Key: Hashable, Sendable {
    /// Realm and key of the caller.
    let caller: String
    let session: String
    let id: RPCID
  }

  private struct SessionKey: Hashable {
    let caller: String
    let session: String
  }

  private struct State {
    /// How each is cancelled.
    var calls: [Key: @Sendable () -> Void] = [:]
    var counts: [SessionKey: Int] = [:]
  }

  private let state = Mutex(State())

  /// How many there are.
  var count: Int { state.withLock { $0.calls.count } }

  /// Begins a call.
  /// - Throws: `RPCFault` where one of the same id is under way, or there are too many.
  func start<Value: Sendable>(
    _ key: Key, bounds: AgentConfiguration, _ operation: @escaping @Sendable () async -> Value
  ) throws(RPCFault) -> Task<Value, Never> {
    let session = SessionKey(caller: key.caller, session: key.session)
    let begun = state.withLock { state -> Result<Task<Value, Never>, RPCFault> in
      guard state.calls[key] == nil else {
        return .failure(RPCFault(.invalidRequest, "a request of this id is under way; choose another id"))
      }
      guard state.counts[session, default: 0] < bounds.maxCallsPerSession, state.calls.count < bounds.maxCalls else {
        return .failure(
          RPCFault(
            .busy, "too many calls at a time (\(bounds.maxCallsPerSession) for each session); wait for an answer"))
      }
      let task = Task {
        let value = await operation()
        self.end(key, session)
        return value
      }
      state.calls[key] = { task.cancel() }
      state.counts[session, default: 0] += 1
      return .success(task)
    }
    return try begun.get()
  }

  private func end(_ key: Key, _ session: SessionKey) {
    state.withLock { state in
      state.calls[key] = nil
      state.counts[session, default: 1] -= 1
      if state.counts[session] == 0 { state.counts[session] = nil }
    }
  }

  /// Takes a call back; false where there is none of that name.
  @discardableResult
  func cancel(_ key: Key) -> Bool {
    guard let cancel = state.withLock({ $0.calls[key] }) else { return false }
    cancel()
    return true
  }
}

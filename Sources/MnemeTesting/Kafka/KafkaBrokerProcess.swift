import Glibc
import Synchronization

/// One run of a broker's program, which does not outlive this process.
///
/// The broker is our child; a small shell beside it reads a socket whose other end only this process holds. When this
/// process ends in whatever way, the system closes that end, the shell sees the end of input, kills the broker and
/// removes its folder. (A parent-death signal would not do: it is sent when the *thread* that forked ends.)
final class KafkaBrokerProcess: Sendable {
  private struct State {
    /// Nil while it runs.
    var status: Int32?
    /// Our end of the watchdog's socket; nil once it is closed.
    var leash: Int32?
    var waiters: [CheckedContinuation<Void, Never>] = []
  }

  /// `$0` is the folder, the rest is the broker's command line. The subshell's `$$` is its parent's number, which stays
  /// the broker's after `exec`. A line on the socket means that the broker has ended and its number may be another's.
  /// Descriptors are closed first: those that others have opened without close-on-exec are none of the broker's.
  private static let script = """
    for path in /proc/self/fd/*; do
      descriptor=${path##*/}
      if (( descriptor > 3 )); then eval "exec $descriptor>&-"; fi
    done
    cd -- "$0" || exit
    (
      read -r line <&3 && exit
      kill -KILL $$
      rm -rf -- "$0" || { sleep 1; rm -rf -- "$0"; }
    ) </dev/null >/dev/null 2>&1 &
    exec "$@" 3<&-
    """

  private let processID: pid_t
  private let state: Mutex<State>

  /// Starts `command` in `folder`, its output appended to `log`; all paths are absolute.
  init(command: [String], folder: String, log: String) throws(KafkaFixtureError) {
    var ends: [Int32] = [-1, -1]
    let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
    guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else { throw .system("socketpair", code: errno) }
    defer { close(ends[1]) }
    let arguments = ["/bin/bash", "-c", Self.script, folder] + command
    var processID: pid_t = 0
    let code = Self.spawn(&processID, arguments, watchdog: ends[1], folder: folder, log: log)
    guard code == 0 else {
      close(ends[0])
      throw .system("starting /bin/bash for \(command[0])", code: code)
    }
    self.processID = processID
    self.state = Mutex(State(leash: ends[0]))
    startThread { [self] in self.reap() }
  }

  /// Whether it has ended.
  var hasEnded: Bool { self.state.withLock { $0.status != nil } }

  /// How it has ended, in words; empty while it runs.
  var ending: String {
    guard let status = self.state.withLock({ $0.status }) else { return "" }
    let signal = status & 0x7F
    return signal == 0 ? "exit code \((status >> 8) & 0xFF)" : "signal \(signal)"
  }

  /// Sends a signal; none where it has ended.
  func send(_ signal: Int32) {
    // The reaping happens under the same lock, so the number cannot be another process's by now.
    self.state.withLock { state in
      if state.status == nil { Glibc.kill(self.processID, signal) }
    }
  }

  /// Returns once it has ended.
  func waitForEnd() async {
    await withCheckedContinuation { continuation in
      let isOver = self.state.withLock { state in
        if state.status == nil { state.waiters.append(continuation) }
        return state.status != nil
      }
      if isOver { continuation.resume() }
    }
  }

  /// Closes the watchdog's socket, as the end of this process does: the broker is killed and its folder removed.
  func letGo() {
    self.state.withLock { state in
      if let leash = state.leash { close(leash) }
      state.leash = nil
    }
  }

  /// The body of the thread that waits for the end.
  private func reap() {
    var info = siginfo_t()
    // Leaves the process as a zombie, so that its number stays its own until the lock is held.
    while waitid(P_PID, id_t(self.processID), &info, Int32(WEXITED | WNOWAIT)) != 0, errno == EINTR {}
    let (waiters, leash) = self.state.withLock { state in
      var status: Int32 = 0
      while waitpid(self.processID, &status, 0) < 0, errno == EINTR {}
      defer {
        state.leash = nil
        state.waiters = []
      }
      state.status = status
      return (state.waiters, state.leash)
    }
    if let leash {
      _ = LoopbackSocket.send(leash, Array("over\n".utf8))
      close(leash)
    }
    for waiter in waiters { waiter.resume() }
  }

  /// posix_spawn(3) with a clean slate: no signal blocked or ignored, a process group of its own (an interrupt at the
  /// terminal is for the tests), hardly any environment.
  private static func spawn(
    _ processID: inout pid_t, _ arguments: [String], watchdog: Int32, folder: String, log: String
  ) -> Int32 {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, watchdog, 3)
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_APPEND, 0o600)
    posix_spawn_file_actions_adddup2(&actions, 1, 2)

    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var signals = sigset_t()
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    sigfillset(&signals)
    posix_spawnattr_setsigdefault(&attributes, &signals)
    posix_spawnattr_setpgroup(&attributes, 0)
    posix_spawnattr_setflags(
      &attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

    let environment = ["PATH=/usr/local/bin:/usr/bin:/bin", "HOME=\(folder)", "TMPDIR=\(folder)", "LC_ALL=C.UTF-8"]
    let rawArguments = arguments.map { strdup($0) } + [nil]
    let rawEnvironment = environment.map { strdup($0) } + [nil]
    defer { for text in rawArguments + rawEnvironment { free(text) } }
    return posix_spawn(&processID, arguments[0], &actions, &attributes, rawArguments, rawEnvironment)
  }
}

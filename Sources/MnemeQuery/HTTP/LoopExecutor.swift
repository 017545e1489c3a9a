import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import Synchronization

/// Runs tasks on an event loop: what a request needs on its way to its handler and back takes some microseconds, less
/// than another thread takes to wake up. Handlers do not run here.
final class LoopExecutor: TaskExecutor {
  /// The event loop.
  let loop: any EventLoop

  fileprivate init(_ loop: any EventLoop) {
    self.loop = loop
  }

  /// Runs `job` on the loop, after what waits there.
  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    self.loop.execute { unsafe job.runSynchronously(on: self.asUnownedTaskExecutor()) }
  }
}

/// The one executor of each event loop: two of one loop would be different to a task.
final class LoopExecutors: Sendable {
  private let executors = Mutex<[ObjectIdentifier: LoopExecutor]>([:])

  /// The executor of `loop`.
  func executor(of loop: any EventLoop) -> LoopExecutor {
    self.executors.withLock { executors in
      if let executor = executors[ObjectIdentifier(loop)] { return executor }
      let executor = LoopExecutor(loop)
      executors[ObjectIdentifier(loop)] = executor
      return executor
    }
  }
}

/// A connection whose requests are read and answered on the event loop that it belongs to.
struct LoopChannel: ServerChildChannel {
  private let channel: HTTP1Channel
  private let executors: LoopExecutors
  private let headTimeout: Duration

  /// A connection that is otherwise `channel`, and where each head has `headTimeout` from its first byte to its last.
  init(_ channel: HTTP1Channel, _ executors: LoopExecutors, headTimeout: Duration) {
    self.channel = channel
    self.executors = executors
    self.headTimeout = headTimeout
  }

  /// As `HTTP1Channel` has it, with a deadline for heads, and with a word for what is no HTTP.
  func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<HTTP1Channel.Value> {
    self.channel.setup(channel: channel, logger: logger).map { value in
      // It fails only where the connection is gone already; then its value must still be handled to its end.
      try? MalformedRequest.install(on: channel)
      try? HeadDeadline.install(on: channel, timeout: self.headTimeout)
      return value
    }
  }

  /// As `HTTP1Channel` has it, on the loop.
  func handle(value: HTTP1Channel.Value, logger: Logger) async {
    await withTaskExecutorPreference(self.executors.executor(of: value.channel.eventLoop)) {
      await self.channel.handle(value: value, logger: logger)
    }
  }
}

/// What a request is read with.
struct QueryContext: RequestContext {
  /// What every context has.
  var coreContext: CoreRequestContextStorage
  /// The event loop of the request's connection.
  var loop: any EventLoop { self.channel.eventLoop }

  private let channel: any Channel

  /// A context of a request from `source`.
  init(source: ApplicationRequestContextSource) {
    self.coreContext = CoreRequestContextStorage(source: source)
    self.channel = source.channel
  }

  /// What tells that the client has closed the connection; nil where it is gone already.
  func connectionWatch() async -> ConnectionWatch? {
    try? await self.channel.pipeline.handler(type: ConnectionWatch.self).get()
  }
}

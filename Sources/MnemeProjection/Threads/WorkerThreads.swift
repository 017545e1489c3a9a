import Dispatch
import FoundationEssentials
import Synchronization

/// Threads that may wait for a disk: shards are read on them, so that no thread of the cooperative pool ever waits.
///
/// A task that prefers them stays on one from what it reads to what it makes of it: each change of threads takes longer
/// than a row. Of the threads that wait for work, the one that worked last takes what comes next.
package final class BlockingThreads: TaskExecutor {
  /// The threads of this process.
  package static let shared = BlockingThreads(count: maxThreadCount)

  /// How many tasks work at once, at most; others wait for their turn, in the order in which they came. There are more
  /// of them than processors, as some wait for the disk.
  static let maxThreadCount = max(8, 2 * ProcessInfo.processInfo.activeProcessorCount)

  private struct State {
    /// Numbers of the queues whose thread has nothing to do.
    var idle: [Int]
    /// Jobs without a thread, from `first` on.
    var waiting: [UnownedJob] = []
    var first = 0

    mutating func popWaiting() -> UnownedJob? {
      guard first < waiting.count else { return nil }
      defer { first += 1 }
      let job = waiting[first]
      if first * 2 > waiting.count {
        waiting.removeSubrange(...first)
        first = -1
      }
      return job
    }
  }

  private let queues: [DispatchQueue]
  private let state: Mutex<State>

  init(count: Int) {
    self.queues = (0..<count).map { DispatchQueue(label: "mneme-reads-\($0)") }
    self.state = Mutex(State(idle: Array((0..<count).reversed())))
  }

  /// Runs `job` once a thread has nothing else to do.
  package func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    let queue = self.state.withLock { state -> Int? in
      guard let queue = state.idle.popLast() else {
        state.waiting.append(job)
        return nil
      }
      return queue
    }
    if let queue { self.queues[queue].async { self.work(on: queue, job) } }
  }

  private func work(on queue: Int, _ first: UnownedJob) {
    var next: UnownedJob? = first
    while let job = next {
      unsafe job.runSynchronously(on: self.asUnownedTaskExecutor())
      next = self.state.withLock { state in
        guard let job = state.popWaiting() else {
          state.idle.append(queue)
          return nil
        }
        return job
      }
    }
  }
}

import Dispatch
import Foundation
import Synchronization

/// Threads apart from those of Swift's cooperative pool, for tasks that prefer them.
///
/// Of the threads that wait for work, the one that worked last takes what comes next. They live as long as the process.
package final class WorkerThreads: TaskExecutor {
  /// Threads that may wait for a disk: shards are read on them, so that no thread of the cooperative pool ever waits.
  ///
  /// A task that prefers them stays on one from what it reads to what it makes of it: each change of threads takes
  /// longer than a row.
  package static let readers = WorkerThreads(name: "mneme-read", count: maxReaderCount)
  /// Threads for what nobody waits for at this moment: requests do not queue behind it.
  package static let background = WorkerThreads(
    name: "mneme-work", count: ProcessInfo.processInfo.activeProcessorCount)

  /// How many reads work at once, at most; others wait for their turn, in the order in which they came. There are more
  /// of them than processors, as some wait for the disk.
  static let maxReaderCount = max(8, 2 * ProcessInfo.processInfo.activeProcessorCount)

  private struct State {
    /// Numbers of the threads that have nothing to do.
    var idle: [Int]
    /// What each of the others was woken for.
    var handed: [UnownedJob?]
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

  private let bells: [DispatchSemaphore]
  private let state: Mutex<State>

  /// Starts `count` threads.
  init(name: String, count: Int) {
    self.bells = (0..<count).map { _ in DispatchSemaphore(value: 0) }
    self.state = Mutex(State(idle: Array((0..<count).reversed()), handed: Array(repeating: nil, count: count)))
    for number in 0..<count {
      Thread.detachNewThread {
        Thread.current.name = "\(name)-\(number)"
        self.run(number)
      }
    }
  }

  /// Runs `job` once a thread has nothing else to do.
  package func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    let thread = self.state.withLock { state -> Int? in
      guard let thread = state.idle.popLast() else {
        state.waiting.append(job)
        return nil
      }
      state.handed[thread] = job
      return thread
    }
    if let thread { self.bells[thread].signal() }
  }

  private func run(_ thread: Int) {
    while true {
      self.bells[thread].wait()
      var next = self.state.withLock { $0.handed[thread].take() }
      while let job = next {
        unsafe job.runSynchronously(on: self.asUnownedTaskExecutor())
        next = self.state.withLock { state in
          guard let job = state.popWaiting() else {
            state.idle.append(thread)
            return nil
          }
          return job
        }
      }
    }
  }
}

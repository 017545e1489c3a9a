import Dispatch
import Foundation
import Glibc
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
  /// Threads for what nobody waits for at this moment, while others do for what runs elsewhere.
  ///
  /// Linux gives a thread that wakes up a processor only when the one that has it has had its milliseconds, unless that
  /// one is nicer; a request would wait for as long at each of its steps.
  package static let background = WorkerThreads(
    name: "mneme-work", count: ProcessInfo.processInfo.activeProcessorCount, niceness: backgroundNiceness)

  /// How many reads work at once, at most; others wait for their turn, in the order in which they came. There are more
  /// of them than processors, as some wait for the disk.
  static let maxReaderCount = max(8, 2 * ProcessInfo.processInfo.activeProcessorCount)
  /// Where others have work for all processors, about a tenth of them is left for background work (Linux, "CFS
  /// scheduler: nice levels"): not much, but what waits longer is done in larger batches.
  static let backgroundNiceness: Int32 = 10

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

  /// Starts `count` threads, each so much nicer than this process (nice(2)).
  init(name: String, count: Int, niceness: Int32 = 0) {
    self.bells = (0..<count).map { _ in DispatchSemaphore(value: 0) }
    self.state = Mutex(State(idle: Array((0..<count).reversed()), handed: Array(repeating: nil, count: count)))
    for number in 0..<count {
      Thread.detachNewThread {
        Thread.current.name = "\(name)-\(number)"
        self.run(number, niceness)
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

  private func run(_ thread: Int, _ niceness: Int32) {
    // Of this thread alone, on Linux (nice(2), "C library/kernel differences").
    if niceness != 0 { _ = nice(niceness) }
    while true {
      self.bells[thread].wait()
      var next = self.state.withLock { $0.handed[thread].take() }
      while let job = next {
        unsafe job.runSynchronously(on: self.asUnownedTaskExecutor())
        // Where the kernel does not interrupt what computes, who wakes up waits for its next tick or for this.
        if niceness != 0 { sched_yield() }
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

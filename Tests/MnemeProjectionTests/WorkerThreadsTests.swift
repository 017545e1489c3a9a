import Glibc
import Synchronization
import Testing

@testable import MnemeProjection

@Suite struct WorkerThreadsTests {
  /// How many work at a time.
  private final class Workers: Sendable {
    let state = Mutex((running: 0, most: 0, count: 0))

    func work() {
      state.withLock { state in
        state.running += 1
        state.most = max(state.most, state.running)
      }
      usleep(200)
      state.withLock { state in
        state.running -= 1
        state.count += 1
      }
    }
  }

  @Test func noMoreThreadsWorkThanThereAre() async throws {
    let (threads, workers) = (WorkerThreads(name: "test", count: 2), Workers())
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<50 { group.addTask(executorPreference: threads) { workers.work() } }
    }
    let (running, most, count) = workers.state.withLock { $0 }
    #expect(count == 50 && running == 0 && most <= 2)
  }

  @Test func aTaskAndItsChildrenStayOnTheirThreads() async throws {
    let threads = WorkerThreads(name: "test", count: 1)
    let seen = await Task(executorPreference: threads) {
      await withTaskGroup(of: UInt.self) { group in
        for _ in 0..<20 {
          group.addTask {
            await Task.yield()
            try? await Task.sleep(for: .microseconds(100))
            return UInt(pthread_self())
          }
        }
        return await group.reduce(into: Set<UInt>([UInt(pthread_self())])) { $0.insert($1) }
      }
    }.value
    #expect(seen.count == 1)
  }
}

import CAllocator
import Synchronization

/// The C library's allocator, while a rebuild runs.
///
/// A rebuild reads a batch, folds it and lets go of it, from several threads: with the usual settings each batch's
/// memory goes back to the system page by page and comes back page by page, zeroed.
enum BulkAllocation {
  /// Bytes that a heap grows by at least: that of a thread in one go, as it has at most 64 MiB.
  private static let growthByteCount: CInt = 64 << 20
  /// Idle bytes at the end of a heap above which it shrinks: more than a batch of each shard has.
  private static let keptByteCount: CInt = 512 << 20
  /// Bytes from which a block is mapped by itself, and so zeroed by the system each time: more than any of a batch.
  private static let mappedByteCount: CInt = 16 << 20

  /// The same as the C library has them when a program starts.
  private static let usual: (growth: CInt, kept: CInt, mapped: CInt) = (128 << 10, 128 << 10, 128 << 10)

  /// How many run.
  private static let count = Mutex(0)

  /// Runs `body` with these settings; they are the whole process's. Afterwards idle memory goes back to the system.
  static func whileActive<Value: Sendable>(_ body: () async throws -> Value) async rethrows -> Value {
    count.withLock { count in
      if count == 0 { mneme_allocator_set(growthByteCount, keptByteCount, mappedByteCount) }
      count += 1
    }
    defer {
      count.withLock { count in
        count -= 1
        if count == 0 {
          mneme_allocator_set(usual.growth, usual.kept, usual.mapped)
          mneme_allocator_trim(0)
        }
      }
    }
    return try await body()
  }
}

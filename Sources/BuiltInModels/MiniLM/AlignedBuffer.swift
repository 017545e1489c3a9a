import Glibc

/// Uninitialised memory of fixed size, on a cache line's boundary, freed with the last reference.
///
/// `@unchecked Sendable`: packed weights are written before they are shared and never after; scratch memory belongs to
/// one worker thread.
final class AlignedBuffer<Element: BitwiseCopyable>: @unchecked Sendable {
  let start: UnsafeMutablePointer<Element>
  /// Whose memory this is; nil where it is this buffer's own.
  private let arena: WeightArena?

  init(count: Int) {
    let size = max(1, count) * MemoryLayout<Element>.stride
    let memory = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 64)
    self.start = memory.bindMemory(to: Element.self, capacity: max(1, count))
    self.arena = nil
  }

  /// Part of `arena`, which lives as long as its parts.
  init(count: Int, in arena: WeightArena) {
    self.start = arena.take(count * MemoryLayout<Element>.stride).bindMemory(to: Element.self, capacity: count)
    self.arena = arena
  }

  deinit {
    if self.arena == nil { UnsafeMutableRawPointer(self.start).deallocate() }
  }
}

/// Memory for all weights of an encoder, one part after the other, on huge pages where the system has them: a run over
/// few tokens reads every weight once, and with small pages waits for the translation of their addresses.
///
/// `@unchecked Sendable`: parts are taken by the one who loads the weights, before they are shared.
final class WeightArena: @unchecked Sendable {
  private static let pageSize = 2 << 20
  private static let alignment = 64

  private let start: UnsafeMutableRawPointer
  private let byteCount: Int
  private var used = 0

  /// Room for `partCount` parts of `byteCount` bytes together.
  init(byteCount: Int, partCount: Int) {
    let size = byteCount + partCount * Self.alignment
    self.byteCount = (size + Self.pageSize - 1) / Self.pageSize * Self.pageSize
    self.start = UnsafeMutableRawPointer.allocate(byteCount: self.byteCount, alignment: Self.pageSize)
    // Advice only: where it is not taken, the memory has small pages.
    madvise(self.start, self.byteCount, MADV_HUGEPAGE)
  }

  deinit {
    self.start.deallocate()
  }

  fileprivate func take(_ size: Int) -> UnsafeMutableRawPointer {
    let place = self.start + self.used
    self.used += (size + Self.alignment - 1) / Self.alignment * Self.alignment
    precondition(self.used <= self.byteCount, "an arena is made for all of its parts")
    return place
  }
}

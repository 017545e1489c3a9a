/// Uninitialised memory of fixed size, on a cache line's boundary, freed with the last reference.
///
/// `@unchecked Sendable`: packed weights are written before they are shared and never after; scratch memory belongs to
/// one worker thread.
final class AlignedBuffer<Element: BitwiseCopyable>: @unchecked Sendable {
  let start: UnsafeMutablePointer<Element>

  init(count: Int) {
    let size = max(1, count) * MemoryLayout<Element>.stride
    let memory = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 64)
    self.start = memory.bindMemory(to: Element.self, capacity: max(1, count))
  }

  deinit {
    UnsafeMutableRawPointer(self.start).deallocate()
  }
}

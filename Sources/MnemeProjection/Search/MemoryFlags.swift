/// What an index knows of a memory that is so or not.
struct MemoryFlags: OptionSet, Sendable, BitwiseCopyable {
  let rawValue: UInt32

  /// It exists; the place of one that was retracted stays empty.
  static let live = MemoryFlags(rawValue: 1)
  /// It has not ended.
  static let current = MemoryFlags(rawValue: 2)
  static let hasVector = MemoryFlags(rawValue: 4)
  /// It is a message as it was said.
  static let verbatim = MemoryFlags(rawValue: 8)
  static let hasUser = MemoryFlags(rawValue: 16)
  static let hasAgent = MemoryFlags(rawValue: 32)
  static let hasApp = MemoryFlags(rawValue: 64)
  static let saidByAssistant = MemoryFlags(rawValue: 128)
}

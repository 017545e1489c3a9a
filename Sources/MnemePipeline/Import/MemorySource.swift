package import MnemeCore

/// Where memories of mem0 lie: a folder of its vector store on disk, or a file of what its API returns.
package struct MemorySource: Sendable {
  /// A memory, or why it cannot be one.
  package typealias Found = Result<Mem0Memory, Mem0Memory.Refusal>

  /// Some of a source.
  package struct Batch: Sendable {
    /// What stands there.
    package var found: [Found]
    /// How far it is read, in the source's unit.
    package var done: Int
    /// How much there is.
    package var total: Int
  }

  /// What progress is counted in.
  package let unit: String
  private let readAll: @Sendable (_ body: (Batch) async throws -> Void) async throws -> Void

  init(
    unit: String, readAll: @escaping @Sendable (_ body: (Batch) async throws -> Void) async throws -> Void
  ) {
    self.unit = unit
    self.readAll = readAll
  }

  /// The source at `path`; nothing is read of it but what tells which one it is.
  /// - Throws: `MemorySourceError`.
  package static func open(_ path: String) throws -> MemorySource {
    guard let isFolder = FileChunks.isFolder(path) else {
      throw MemorySourceError("there is no file or folder to import at the path that was given")
    }
    if isFolder {
      let folder = try QdrantFolder(path)
      return MemorySource(unit: "memories") { body in try await folder.read(body) }
    }
    let file = try MemoryFile(path)
    return MemorySource(unit: "bytes") { body in try await file.read(body) }
  }

  /// Hands out all of it, in batches; what cannot be read is told of at its place, and what comes after it is read.
  /// - Throws: `MemorySourceError` where the rest cannot be read, or what `body` throws.
  package func read(_ body: (Batch) async throws -> Void) async throws {
    try await self.readAll(body)
  }
}

/// Why a source cannot be read, or not to its end. Its text holds nothing of what stands there.
package struct MemorySourceError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What is wrong, and what to do next.
  package let description: String
  /// The source does not change by itself: never.
  package var isRetriable: Bool { false }

  /// An error because of `description`.
  init(_ description: String) { self.description = description }
}

import MnemeCore

/// A file of memories as mem0's `get_all` and Mneme's export write them: a list, an object with a list `results`, or
/// JSONL. In JSONL, each line stands for itself, whatever the ones around it are.
struct MemoryFile: Sendable {
  private let chunks: FileChunks
  private let hasLines: Bool

  /// Opens the file at `path`.
  /// - Throws: `MemorySourceError`.
  init(_ path: String) throws {
    self.chunks = try FileChunks(path)
    self.hasLines = try path.hasSuffix(".jsonl") || path.hasSuffix(".ndjson") || Self.beginsWithLine(self.chunks)
  }

  /// Whether the first line is an object by itself, and not one that holds the list.
  private static func beginsWithLine(_ chunks: FileChunks) throws -> Bool {
    let first = try chunks.read(from: 0)
    guard let end = first.firstIndex(of: UInt8(ascii: "\n")), let object = try? Self.object(Array(first[..<end])) else {
      return false
    }
    return object["results"] == nil
  }

  /// Hands out all memories, a piece of the file at a time.
  /// - Throws: `MemorySourceError` where the file ends early, or what `body` throws.
  func read(_ body: (MemorySource.Batch) async throws -> Void) async throws {
    var elements = JSONElements()
    var lines = LineReader()
    var offset = 0
    while true {
      let bytes = try self.chunks.read(from: offset)
      offset += bytes.count
      var found: [MemorySource.Found] = []
      var isComplete = true
      if bytes.isEmpty {
        if self.hasLines {
          lines.finish { found.append(Self.memory($0)) }
        } else {
          isComplete = elements.finish { found.append(Self.memory($0)) }
        }
      } else if self.hasLines {
        lines.read(bytes) { found.append(Self.memory($0)) }
      } else {
        elements.read(bytes) { found.append(Self.memory($0)) }
      }
      if !found.isEmpty || !bytes.isEmpty {
        try await body(MemorySource.Batch(found: found, done: offset, total: self.chunks.totalByteCount))
      }
      guard isComplete else {
        throw MemorySourceError("the file ends in the middle of a value; what stands before that value was read")
      }
      if bytes.isEmpty { return }
    }
  }

  private static func memory(_ element: JSONElements.Element) -> MemorySource.Found {
    do throws(Mem0Memory.Refusal) {
      switch element {
      case .tooLarge: throw Mem0Memory.Refusal("it has more than \(JSONElements.maxByteCount) bytes")
      case .bytes(let bytes): return .success(try Mem0Memory(try self.object(bytes)))
      }
    } catch {
      return .failure(error)
    }
  }

  private static func object(_ bytes: [UInt8]) throws(Mem0Memory.Refusal) -> [String: JSONValue] {
    if let violation = JSONStructure.violation(in: bytes) { throw Mem0Memory.Refusal(violation) }
    guard let value = try? EventBodyCoding.decode(JSONValue.self, from: bytes) else {
      throw Mem0Memory.Refusal("it is no valid JSON in UTF-8")
    }
    guard let object = value.objectValue else { throw Mem0Memory.Refusal("it is no JSON object") }
    return object
  }
}

/// Takes JSONL apart, of which lines may be broken or too large.
private struct LineReader {
  private var line: [UInt8] = []
  private var isTooLarge = false

  mutating func read(_ bytes: [UInt8], _ found: (JSONElements.Element) -> Void) {
    var rest = bytes[...]
    while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
      self.keep(rest[..<end])
      self.finish(found)
      rest = rest[(end + 1)...]
    }
    self.keep(rest)
  }

  /// Hands out the line, and begins the next.
  mutating func finish(_ found: (JSONElements.Element) -> Void) {
    if self.isTooLarge {
      found(.tooLarge)
    } else if self.line.contains(where: { $0 > 0x20 }) {
      found(.bytes(self.line))
    }
    (self.line, self.isTooLarge) = ([], false)
  }

  private mutating func keep(_ bytes: ArraySlice<UInt8>) {
    guard self.line.count + bytes.count <= JSONElements.maxByteCount else {
      self.isTooLarge = true
      return
    }
    self.line += bytes
  }
}

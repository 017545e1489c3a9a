import FoundationEssentials
import GRDB
import MnemeCore

/// A folder in which qdrant-client keeps collections without a server, as mem0 does by default: for each collection a
/// SQLite file of pickled points. It is read only, also while mem0 writes to it.
struct QdrantFolder: Sendable {
  /// Points of one batch, at most.
  static let maxBatchCount = 500
  /// Bytes of the points of one batch after which no further one is added.
  static let maxBatchByteCount = 16 << 20

  private struct Collection: Sendable {
    let name: String
    let database: DatabaseQueue
    let pointCount: Int
  }

  private struct Page: Sendable {
    var found: [MemorySource.Found] = []
    var lastRow: Int64?
    var byteCount = 0
  }

  private let collections: [Collection]

  /// Opens the collections of the folder at `path`.
  /// - Throws: `MemorySourceError`.
  init(_ path: String) throws {
    let files = FileManager.default
    let folder = path + "/collection"
    let names = ((try? files.contentsOfDirectory(atPath: folder)) ?? []).filter {
      Self.holdsMemories($0) && files.fileExists(atPath: "\(folder)/\($0)/storage.sqlite")
    }
    guard !names.isEmpty else {
      throw MemorySourceError(
        "the folder has no collection/<name>/storage.sqlite with memories; give the path of mem0's vector store")
    }
    self.collections = try names.sorted().map { name in
      do {
        var configuration = Configuration()
        configuration.readonly = true
        configuration.busyMode = .timeout(5)
        let database = try DatabaseQueue(path: "\(folder)/\(name)/storage.sqlite", configuration: configuration)
        let count = try database.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM points") }
        return Collection(name: name, database: database, pointCount: count ?? 0)
      } catch {
        throw Self.failure(error, collection: name)
      }
    }
  }

  /// mem0 keeps other things than memories in collections of their own.
  private static func holdsMemories(_ collection: String) -> Bool {
    collection != "mem0migrations" && !collection.hasSuffix("_entities")
  }

  private static func failure(_ error: any Error, collection: String) -> MemorySourceError {
    let code = (error as? DatabaseError).map { "SQLite \($0.resultCode.rawValue)" } ?? "\(type(of: error))"
    return MemorySourceError("collection \(collection) cannot be read (\(code)); see that it is whole, and readable")
  }

  /// Hands out the points of all collections. Of a point that was written twice, the latest comes first.
  /// - Throws: `MemorySourceError`, or what `body` throws.
  func read(_ body: (MemorySource.Batch) async throws -> Void) async throws {
    let total = self.collections.reduce(0) { $0 + $1.pointCount }
    var done = 0
    for collection in self.collections {
      var row = Int64.max
      while true {
        let page = try await Self.page(collection, before: row)
        guard let lastRow = page.lastRow else { break }
        row = lastRow
        done += page.found.count
        try await body(MemorySource.Batch(found: page.found, done: done, total: max(total, done)))
      }
    }
  }

  private static func page(_ collection: Collection, before row: Int64) async throws -> Page {
    do {
      return try await collection.database.read { database in
        var page = Page()
        let rows = try Row.fetchCursor(
          database,
          sql: """
            SELECT rowid, CASE WHEN length(point) <= ? THEN CAST(point AS BLOB) END FROM points WHERE rowid < ?
            ORDER BY rowid DESC LIMIT ?
            """, arguments: [Pickle.maxByteCount, row, Self.maxBatchCount])
        while page.byteCount <= Self.maxBatchByteCount, let row = try rows.next() {
          page.lastRow = row[0]
          let point = row[1] as Data?
          page.byteCount += point?.count ?? 0
          page.found.append(Self.memory(point))
        }
        return page
      }
    } catch {
      throw Self.failure(error, collection: collection.name)
    }
  }

  private static func memory(_ point: Data?) -> MemorySource.Found {
    guard let point else { return .failure(Mem0Memory.Refusal("its point is missing or too large")) }
    do throws(PickleError) {
      let pickle = try Pickle(Array(point))
      guard let payload = pickle.attribute("payload", of: pickle.root), let id = pickle.attribute("id", of: pickle.root)
      else { return .failure(Mem0Memory.Refusal("its pickle holds no point")) }
      // A point may be without a payload.
      return Self.memory(payload: try pickle.json(payload).objectValue ?? [:], id: try pickle.json(id))
    } catch {
      return .failure(Mem0Memory.Refusal("its point cannot be read: \(error)"))
    }
  }

  private static func memory(payload: [String: JSONValue], id: JSONValue) -> MemorySource.Found {
    do throws(Mem0Memory.Refusal) {
      return .success(try Mem0Memory(payload: payload, id: id))
    } catch {
      return .failure(error)
    }
  }
}

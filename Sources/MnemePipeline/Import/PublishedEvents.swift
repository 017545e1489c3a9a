package import EventLog
package import FoundationEssentials
import MnemeCore

/// Events of one source that stand on the turns topic and are not processed yet.
package enum PublishedEvents {
  /// Their ids.
  /// - Parameters:
  ///   - isProcessed: Whether the record at an offset of a partition is processed, and so all before it.
  package static func ids(
    _ log: any EventLog, tenant: String, source: String,
    isProcessed: (_ partition: Int, _ offset: Int64) async throws -> Bool
  ) async throws -> Set<UUID> {
    var ids: Set<UUID> = []
    for (partition, bounds) in try await log.bounds(of: Topics.turns).enumerated() {
      var (offset, high) = (bounds.earliest, bounds.end)
      while offset < high {
        let middle = offset + (high - offset) / 2
        if try await isProcessed(partition, middle) { offset = middle + 1 } else { high = middle }
      }
      while offset < bounds.end {
        let records = try await log.read(TopicPartition(Topics.turns, partition), from: offset, limit: ReadLimit())
        guard let last = records.last else { break }
        for record in records where record.header("ce_source") == source {
          let isTenants = record.key?.starts(with: "\(tenant)/".utf8) ?? false
          if isTenants, let id = record.header("ce_id").flatMap(UUID.init) { ids.insert(id) }
        }
        offset = last.position.offset + 1
      }
    }
    return ids
  }
}

import EventLog
import FoundationEssentials
import MnemeCore
import MnemePipeline
import MnemeProjection

/// Which events of one source came before: those that the projection has outcomes of, and those that are on their way.
struct KnownEvents: Sendable {
  /// Reads what readers read; nil before there is anything.
  private let reader: ProjectionReader?
  private let pending: Set<UUID>

  /// Looks at what stands on the log and is not processed yet.
  init(_ system: MnemeSystem, source: String) async throws {
    let reader = try await system.generations.refresh().active.map { try system.reader(of: $0) }
    self.reader = reader
    do {
      self.pending = try await PublishedEvents.ids(system.log, tenant: MnemeSystem.tenant, source: source) {
        try await reader?.wait(forTurnsPartition: $0, offset: $1, timeout: .zero) ?? false
      }
    } catch let error as EventLogError where error.code == .unknownTopic {
      // Nobody has published anything yet.
      self.pending = []
    }
  }

  /// Those of `ids` that came before.
  func among(_ ids: [UUID]) async throws -> Set<UUID> {
    var known: Set<UUID> = []
    for id in ids {
      if pending.contains(id) {
        known.insert(id)
      } else if try await hasOutcome(id) {
        known.insert(id)
      }
    }
    return known
  }

  private func hasOutcome(_ id: UUID) async throws -> Bool {
    guard let reader else { return false }
    do {
      return try await reader.outcome(ofInput: id.text, tenant: MnemeSystem.tenant) != nil
    } catch let error as ProjectionError where error.code == .missing {
      // Nothing is folded yet, and all that came is pending.
      return false
    }
  }
}

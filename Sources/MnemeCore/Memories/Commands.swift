import FoundationEssentials

/// Decides what follows from a person's command. An empty result means that there is no such memory.
public enum Commands {
  /// The events of an edit, made at `now`.
  public static func decide(_ request: MemoryEditRequest, known: OwnerMemories) -> [MemoryEvent] {
    known[request.memoryID] == nil ? [] : [.revised(id: request.memoryID, request.revision)]
  }

  /// The events of a deletion, with the chain of what the memory superseded where that is asked for.
  public static func decide(
    _ request: MemoryDeletionRequest, known: OwnerMemories, now: Timestamp
  ) -> [MemoryEvent] {
    guard known[request.memoryID] != nil else { return [] }
    var ids = [request.memoryID]
    if request.includesSuperseded {
      var next = 0
      while next < ids.count {
        let predecessors = known.all.filter { $0.supersededBy == ids[next] && !ids.contains($0.id) }.map(\.id)
        ids += predecessors.sorted { $0.text < $1.text }
        next += 1
      }
    }
    return ids.map { .retracted(id: $0, at: now) }
  }

  /// The events of deleting all of an owner's memories in a scope.
  public static func decide(
    _ request: MemoriesDeletionRequest, known: OwnerMemories, now: Timestamp
  ) -> [MemoryEvent] {
    known.all.filter { $0.scope.matches(request.scope) }.map(\.id).sorted { $0.text < $1.text }
      .map { .retracted(id: $0, at: now) }
  }
}

public import MnemeCore

/// An id that stands on memories, and what there is of it.
public struct EntitySummary: Hashable, Sendable {
  /// Which of a scope's ids it is.
  public enum Kind: String, Sendable, CaseIterable {
    case user, agent, app, run
  }

  /// Which of a scope's ids it is.
  public var kind: Kind
  /// The id.
  public var id: String
  /// How many of its memories are current. An entity whose memories have all ended is there with none.
  public var currentMemoryCount: Int
  /// When the first of those that are left was recorded.
  public var firstAt: Timestamp
  /// When one of those that are left changed last.
  public var lastAt: Timestamp

  /// A summary with all its parts.
  public init(kind: Kind, id: String, currentMemoryCount: Int, firstAt: Timestamp, lastAt: Timestamp) {
    self.kind = kind
    self.id = id
    self.currentMemoryCount = currentMemoryCount
    self.firstAt = firstAt
    self.lastAt = lastAt
  }
}

/// Which turns and commands are asked for, of those that have an outcome.
public struct InputQuery: Sendable {
  /// Whose; from the key, never from the request.
  public var tenant: String
  /// Their types; nil for any.
  public var types: Set<EventType>?
  /// How they ended; nil for any way.
  public var outcomes: Set<MemoriesResolved.Outcome>?
  /// Those that ended at this instant or later.
  public var from: Timestamp?
  /// Those that ended at this instant or earlier.
  public var to: Timestamp?
  /// Whose they are; nil for everybody's of the tenant.
  public var owners: Set<Owner>?

  /// A query with all its parts.
  public init(
    tenant: String, types: Set<EventType>? = nil, outcomes: Set<MemoriesResolved.Outcome>? = nil,
    from: Timestamp? = nil, to: Timestamp? = nil, owners: Set<Owner>? = nil
  ) {
    self.tenant = tenant
    self.types = types
    self.outcomes = outcomes
    self.from = from
    self.to = to
    self.owners = owners
  }
}

/// Some of the turns and commands of a query, those that ended last first, and how many there are in all.
public struct InputPage: Sendable {
  /// How many the query has in all.
  public var totalCount: Int
  /// Those of this page.
  public var outcomes: [InputOutcome]

  /// A page with all its parts.
  public init(totalCount: Int, outcomes: [InputOutcome]) {
    self.totalCount = totalCount
    self.outcomes = outcomes
  }
}

/// The ids of events that were written as several records, one for each owner or memory that they reach: the last
/// record has the event's own id, each one before it `EVENT/NAME`.
public enum EventParts {
  /// Records of one event that are told of, at most.
  public static let maxCount = 10_000

  /// The id of part `name` of event `id`.
  public static func id(_ name: String, of id: String) -> String { "\(id)/\(name)" }

  /// Whether `input` is a part of the event that `last` is the last part of.
  public static func isPart(_ input: InputReference, of last: InputReference) -> Bool {
    input.type == last.type && input.type != EventType.turnRecorded.rawValue && input.receivedAt == last.receivedAt
      && input.id.hasPrefix("\(last.id)/")
  }
}

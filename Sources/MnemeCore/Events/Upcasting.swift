/// Lifts events of old versions to the newest one, one version at a time, when they are read.
public enum Upcasting {
  /// One step: a version's type, the next version's type, and how a body becomes the next version's.
  public struct Step: Sendable {
    /// Type that is lifted.
    public let from: String
    /// Type that it becomes.
    public let to: EventType
    /// The new body for the old one.
    public let lift: @Sendable (_ body: [UInt8]) throws -> [UInt8]

    /// A step with all its parts.
    public init(from: String, to: EventType, lift: @escaping @Sendable (_ body: [UInt8]) throws -> [UInt8]) {
      self.from = from
      self.to = to
      self.lift = lift
    }
  }

  /// Every step that this version knows. Version 1 is the newest of every type today.
  public static let steps: [Step] = []

  /// The event in its newest version, with `type` known.
  /// - Throws: `EventDecodingError` (`.unknownType`) where no path leads to a type of this version.
  public static func lift(_ event: CloudEvent, by steps: [Step] = steps) throws -> (CloudEvent, EventType) {
    var event = event
    // A path is at most as long as there are steps: a cycle among them ends here.
    for _ in 0...steps.count {
      guard let step = steps.first(where: { $0.from == event.type }) else { break }
      event.data = try step.lift(event.data)
      event.type = step.to.rawValue
    }
    guard let type = event.knownType else {
      throw EventDecodingError(.unknownType, "type \"\(event.type.prefix(100))\" is not known to this version")
    }
    return (event, type)
  }
}

public import FoundationEssentials

/// What a person thinks of a memory. A storage format.
public struct Feedback: Hashable, Sendable, Codable {
  /// How good it is, in the words that clients use.
  public enum Rating: String, Sendable, Codable, CaseIterable {
    case positive = "POSITIVE"
    case negative = "NEGATIVE"
    case veryNegative = "VERY_NEGATIVE"
  }

  /// How good it is.
  public var rating: Rating
  /// Why, in the person's words.
  public var reason: String?

  /// What somebody thinks, and why.
  public init(_ rating: Rating, reason: String? = nil) {
    self.rating = rating
    self.reason = reason
  }
}

/// A person's judgement of one memory: body of `memory.feedback-given`.
public struct FeedbackGiven: Hashable, Sendable, Codable {
  /// The memory.
  public var memoryID: UUID
  /// What the person thinks of it; nil where it is withdrawn.
  public var feedback: Feedback?
  /// The memory as it stood when the person judged it, by which another generation finds its own one.
  public var targets: [Memory]?

  enum CodingKeys: String, CodingKey {
    case feedback, targets
    case memoryID = "memory_id"
  }

  /// A judgement with all its parts. `targets` are such as `MemorySnapshot` makes them.
  public init(memoryID: UUID, feedback: Feedback?, targets: [Memory]? = nil) {
    self.memoryID = memoryID
    self.feedback = feedback
    self.targets = targets
  }
}

extension Commands {
  /// The event of a judgement; none where this generation has no such memory. It leaves no mark: nothing is kept from
  /// coming back by it.
  public static func decide(_ given: FeedbackGiven, known: OwnerMemories, context: CommandContext) -> CommandDecision {
    let memory: KnownMemory? =
      switch known.lookUp(given.memoryID) {
      case .deleted: nil
      case .known(let memory): memory
      case .unknown: given.targets?.first.flatMap { meant(by: $0, known: known, context: context) }
      }
    guard let memory else { return .nothing }
    return CommandDecision(events: [.rated(id: memory.id, given.feedback, at: context.now)], marks: [])
  }
}

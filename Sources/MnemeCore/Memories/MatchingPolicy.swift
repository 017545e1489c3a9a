/// How alike two statements must be to be one, of which a person's command meant the other.
///
/// What was deleted must not come back; so the floors are low where both statements come from the very same words, and
/// high wherever else, as facts that nobody touched must not go either.
public struct MatchingPolicy: Hashable, Sendable {
  /// Share of the shorter statement's weighted words that the best match of the same words has in common. Above one
  /// half, as two facts of a sentence often share one of two words ("a dog named Rex", "Rex is a retriever").
  public var containmentFloor: Float
  /// The same by cosine. With all-MiniLM-L6-v2, other facts of one sentence came to 0.78 ("a dog named Rex", "Rex is a
  /// retriever"), paraphrases to between 0.46 and 0.90: above it little is wrong, and below it cosines tell little.
  public var cosineFloor: Float
  /// Share of words beyond which every match is one: it is worded, split or merged otherwise, and nothing else.
  public var strongContainment: Float
  /// The same by cosine: "bought a house" and "sold a house" came to 0.95.
  public var strongCosine: Float

  /// Cosine at which the only memory that comes from the very words is the one that is meant, though it has none of the
  /// other's words: "works as a physician" and "is a doctor" came to 0.61.
  public var loneCosineFloor: Float

  /// A policy with all its parts.
  public init(
    containmentFloor: Float = 0.6, cosineFloor: Float = 0.8, strongContainment: Float = 0.9,
    strongCosine: Float = 0.97, loneCosineFloor: Float = 0.55
  ) {
    self.containmentFloor = containmentFloor
    self.cosineFloor = cosineFloor
    self.strongContainment = strongContainment
    self.strongCosine = strongCosine
    self.loneCosineFloor = loneCosineFloor
  }
}

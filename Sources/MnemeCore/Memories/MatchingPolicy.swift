/// How alike two statements must be to be one, of which a person's command meant the other.
///
/// What was deleted must not come back; so the floors are low where both statements come from the very same words, and
/// high wherever else, as facts that nobody touched must not go either.
public struct MatchingPolicy: Hashable, Sendable {
  /// Share of the shorter statement's weighted words that the best match of the same words has in common. Above one
  /// half, as two facts of a sentence often share one of two words ("a dog named Rex", "Rex is a retriever").
  public var containmentFloor: Float
  /// The same by cosine. Paraphrases of a sentence stand above it with sentence embedders, and its other facts below:
  /// "loves hiking" and "loves swimming" are nearer to each other than to most.
  public var cosineFloor: Float
  /// Share of words beyond which every match is one: it is worded, split or merged otherwise, and nothing else.
  public var strongContainment: Float
  /// The same by cosine; a little below that of near duplicates, as the words are known to be the same.
  public var strongCosine: Float

  /// A policy with all its parts.
  public init(
    containmentFloor: Float = 0.6, cosineFloor: Float = 0.8, strongContainment: Float = 0.9,
    strongCosine: Float = 0.92
  ) {
    self.containmentFloor = containmentFloor
    self.cosineFloor = cosineFloor
    self.strongContainment = strongContainment
    self.strongCosine = strongCosine
  }
}

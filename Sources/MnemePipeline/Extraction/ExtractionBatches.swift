import MnemeCore

/// Which turns go to the model together. Pure.
public struct ExtractionBatches: Sendable {
  /// Turns in one call, at most.
  public var maxTurnCount: Int
  /// Bytes of messages in one call, at most; one longer turn still goes alone.
  public var maxCharacterCount: Int

  /// Batches within these bounds.
  public init(maxTurnCount: Int, maxCharacterCount: Int = ExtractionStage.Bounds().maxCharacterCountPerCall) {
    self.maxTurnCount = maxTurnCount
    self.maxCharacterCount = maxCharacterCount
  }

  /// Turns of one owner that wait together, cut where a call would get too large, or what is asked for changes; never
  /// two owners in one.
  func calls(_ turns: [(index: Int, turn: Turn)]) -> [[(index: Int, turn: Turn)]] {
    var open: [OwnerKey: (call: Int, characters: Int)] = [:]
    var calls: [[(index: Int, turn: Turn)]] = []
    for (index, turn) in turns {
      let characters = turn.body.messages.reduce(0) { $0 + $1.content.utf8.count }
      if let current = open[turn.owner], calls[current.call].count < maxTurnCount,
        current.characters + characters <= maxCharacterCount,
        calls[current.call][0].turn.body.wishes == turn.body.wishes
      {
        calls[current.call].append((index, turn))
        open[turn.owner] = (current.call, current.characters + characters)
      } else {
        open[turn.owner] = (calls.count, characters)
        calls.append([(index, turn)])
      }
    }
    return calls
  }
}

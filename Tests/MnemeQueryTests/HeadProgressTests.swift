import Testing

@testable import MnemeQuery

/// When the time of a head begins to run, for what comes on a connection.
@Suite struct HeadProgressTests {
  enum Step: Sendable {
    /// Bytes that complete nothing.
    case part
    /// Bytes that complete a head alone, a head and all the rest of its request, a piece of a body, the rest of one.
    case head, request, body, end
    /// An answer is written.
    case answer
  }

  @Test(
    arguments: [
      ([.part], [0]), ([.part, .part], [0, 1]), ([.request], []), ([.request, .answer], []),
      // The next head comes while an answer is under way, and after it.
      ([.request, .part, .answer], [2]), ([.request, .part, .answer, .part], [2, 3]),
      ([.request, .answer, .part], [2]),
      ([.request, .request, .part, .answer, .answer], [4]), ([.request, .request, .answer, .answer], []),
      // Bytes of a body are not bytes of a head, be there ever so few.
      ([.head, .part, .body, .part, .end, .answer], []), ([.head, .part, .end, .part, .answer], [4]),
      ([.part, .head, .end, .answer, .part], [0, 4]), ([.part, .request, .answer], [0]),
      // An answer to what is no HTTP.
      ([.answer], []), ([.answer, .part], [1]), ([.answer, .request, .part, .answer], [3]),
    ] as [([Step], [Int])])
  func `time runs where only a head is awaited`(steps: [Step], starts: [Int]) {
    var progress = HeadProgress()
    let found = steps.indices.filter { index in
      switch steps[index] {
      case .part: return progress.didRead(isDecoded: false)
      case .head: progress.didReadHead()
      case .request:
        progress.didReadHead()
        progress.didReadEnd()
      case .body: break
      case .end: progress.didReadEnd()
      case .answer: return progress.didAnswer()
      }
      return progress.didRead(isDecoded: true)
    }
    #expect(found == starts)
  }
}

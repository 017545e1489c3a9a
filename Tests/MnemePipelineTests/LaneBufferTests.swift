import Testing

@testable import MnemePipeline

@Suite struct LaneBufferTests {
  private struct Failure: Error {}

  @Test func whatRunsInAnOpenLaneHasItsResult() async throws {
    let lane = LaneBuffer()
    for number in 0..<100 { #expect(try await lane.whileOpen { number } == number) }
    await #expect(throws: Failure.self) { try await lane.whileOpen { throw Failure() } }
    #expect(try await lane.whileOpen { "after a failure" } == "after a failure")
  }

  @Test func closingCancelsWhatRuns() async throws {
    let lane = LaneBuffer()
    await #expect(throws: CancellationError.self) {
      try await lane.whileOpen {
        lane.close()
        // Ended by the cancellation alone.
        try await Task.sleep(for: .seconds(600))
      }
    }
  }

  @Test func inAClosedLaneNothingIsDoneAndNoOtherErrorComesOut() async throws {
    let lane = LaneBuffer()
    lane.close()
    await #expect(throws: CancellationError.self) { try await lane.whileOpen { throw Failure() } }
    #expect(await lane.next(maxCount: 1) == nil)
  }

  @Test func aTaskThatIsCancelledCancelsWhatItRuns() async throws {
    let lane = LaneBuffer()
    let task = Task { try await lane.whileOpen { try await Task.sleep(for: .seconds(600)) } }
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(try await lane.whileOpen { "the lane is still open" } == "the lane is still open")
  }
}

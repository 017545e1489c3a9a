import Testing

@testable import mneme

/// When a replay has caught up with live traffic.
@Suite struct CatchUpPaceTests {
  @Test(
    "passes become shorter until there is nothing left to gain",
    arguments: [
      (name: "nothing was there", passes: [0.1], last: 0),
      (name: "each pass is shorter", passes: [3600, 600, 100, 17, 2.9], last: 4),
      (name: "a busy machine, where a record takes seconds from step to step", passes: [90, 20, 6, 5.5], last: 3),
      (name: "the first one says nothing yet", passes: [4, 4], last: 1),
      (name: "a pass that takes longer than the one before", passes: [5, 9], last: 1),
      (name: "live traffic is quicker than the replay", passes: [100, 110, 120, 61], last: nil),
      (name: "it was, and is no longer", passes: [100, 110, 59, 50], last: 3),
    ] as [(name: String, passes: [Double], last: Int?)])
  func passesBecomeShorter(_ row: (name: String, passes: [Double], last: Int?)) {
    var pace = CatchUpPace()
    #expect(row.passes.firstIndex { pace.hasCaughtUp(afterPassOf: .seconds($0)) } == row.last, "\(row.name)")
  }
}

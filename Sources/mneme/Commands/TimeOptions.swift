import ArgumentParser
import MnemeCore
import MnemeProjection

/// Of what time a command tells.
struct TimeOptions: ParsableArguments {
  @Option(help: "What was believed then: an RFC 3339 time, a date, or seconds since 1970.", transform: Self.time)
  var asOf: Timestamp?
  @Option(help: "What was true then, ended memories included.", transform: Self.time)
  var validAt: Timestamp?

  private static func time(_ text: String) throws -> Timestamp {
    let seconds = Int64(text).flatMap { $0.magnitude < 1 << 40 ? Timestamp(milliseconds: $0 * 1000) : nil }
    guard let time = seconds ?? Timestamp(text), Timestamp.range.contains(time) else {
      throw ValidationError("an RFC 3339 time, a date or seconds since 1970 is expected")
    }
    return time
  }

  /// The time from which questions are understood.
  var reference: Timestamp { asOf ?? MnemeSystem.now() }

  /// Refuses what cannot be answered.
  func validate(with scope: ScopeOptions) throws {
    if asOf != nil, scope.user == nil { throw ValidationError("--as-of is answered for one user: give --user") }
  }

  /// The memories of `scope` at that time.
  func query(_ scope: ScopeOptions, includesEnded: Bool = false) -> MemoryQuery {
    MemoryQuery(
      tenant: MnemeSystem.tenant, filter: scope.filter, includesEnded: includesEnded, notExpiredAt: reference,
      asOf: asOf, validAt: validAt)
  }
}

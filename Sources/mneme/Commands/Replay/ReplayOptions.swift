import ArgumentParser
import MnemeCore
import MnemePipeline

/// What replays that fill a generation have in common.
struct ReplayOptions: ParsableArguments {
  @Option(help: "Records per second, at most; 0 for no bound. The process has a low priority in any case.")
  var rate = 500.0
  @Option(help: "Only what was received at this time or later, RFC 3339.") var since: String?
  @Option(help: "Only what was received before this time, RFC 3339.") var until: String?
  @Option(help: "Only this owner, as user:ID, agent:ID, run:ID or app:ID.") var owner: String?
  @Option(help: "Only this tenant; with --owner, whose it is.") var tenant: String?
  @Flag(help: "Estimate turns, calls, tokens, cost and time from a sample, and fill nothing.") var dryRun = false
  @Option(help: "How much the dry run tries out.") var sample = 20
  @Flag(help: "Print one JSON document.") var json = false

  func validate() throws {
    if !(0...1_000_000).contains(rate) { throw ValidationError("--rate must be from 0 to 1000000 records per second") }
    if !(1...1000).contains(sample) { throw ValidationError("--sample must be from 1 to 1000") }
    for (name, text) in [("--since", since), ("--until", until)] {
      if let text, Timestamp(text) == nil { throw ValidationError("\(name) is no RFC 3339 time") }
    }
    if let owner, ownerKey == nil {
      throw ValidationError("--owner \(owner.prefix(20)) must be user:ID, agent:ID, run:ID or app:ID")
    }
    if let tenant, tenant.isEmpty || tenant.contains("/") {
      throw ValidationError("--tenant must be the name of a tenant, which holds no '/'")
    }
  }

  private var ownerKey: OwnerKey? { owner.flatMap { OwnerKey("\(tenant ?? MnemeSystem.tenant)/\($0)") } }

  /// What is derived anew; nil for everything.
  var selection: ReplaySelection? {
    let selection = ReplaySelection(
      tenant: tenant, owner: ownerKey, since: since.flatMap(Timestamp.init), until: until.flatMap(Timestamp.init))
    return selection == ReplaySelection() ? nil : selection
  }

  /// How fast stages take up records.
  var bounds: StageRunner.Bounds {
    StageRunner.Bounds(rate: rate > 0 ? RateLimit(perSecond: rate) : nil)
  }
}

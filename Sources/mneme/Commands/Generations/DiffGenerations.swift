import ArgumentParser
import FoundationEssentials
import MnemeCore
import MnemePipeline
import MnemeProjection

/// `mneme generations diff`: what would change for whom.
struct DiffGenerations: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "diff", abstract: "Tell what another generation would change, and for whom.",
    discussion: """
      Compares what readers see: added, gone, reworded and re-categorised facts, with the words that they come from. \
      Without ids it compares the active generation with the newest other one.
      """)

  @Argument(help: "Ids of the generation before, and of the one after.") var ids: [String] = []
  @Option(help: "Only this owner, as user:ID, agent:ID, run:ID or app:ID.") var owner: String?
  @Option(help: "Only this tenant; with --owner, whose it is.") var tenant: String?
  @Option(help: "List at most so many changes; they are counted in full.") var limit = 1000
  @Option(help: "Write a report that a browser shows to this file.") var html: String?
  @Flag(help: "Print one JSON document.") var json = false
  @OptionGroup var settings: SettingsOptions

  func validate() throws {
    if ids.count > 2 { throw ValidationError("give at most two generations") }
    if limit < 0 { throw ValidationError("--limit must be at least 0") }
    if let owner, OwnerKey("t/\(owner)") == nil {
      throw ValidationError("--owner must be user:ID, agent:ID, run:ID or app:ID")
    }
  }

  func run() async throws {
    try await GenerationsCommand.with(settings) { system, _, catalog in
      let (old, new) = try pair(catalog)
      var report = DiffReport(from: old, to: new, limit: limit)
      let readers = (old: try system.reader(of: old), new: try system.reader(of: new))
      for partition in 0..<system.topics.partitionCount {
        var owners = Set(try await readers.old.owners(ofPartition: partition))
        owners.formUnion(try await readers.new.owners(ofPartition: partition))
        for owner in owners.sorted(by: { $0.description < $1.description }) where isWanted(owner) {
          let diff = GenerationDiff(
            old: try await readers.old.memories(of: owner), new: try await readers.new.memories(of: owner))
          report.add(diff, of: owner)
        }
      }
      try show(report)
    }
  }

  private func pair(_ catalog: GenerationCatalog) throws -> (Generation, Generation) {
    func named(_ id: String) throws -> Generation {
      guard let entry = catalog[id], entry.state != .dropped else {
        throw GenerationError(.unknown, "there is no generation \(id); see 'mneme generations list'")
      }
      return entry.generation
    }
    guard let active = catalog.active else { throw CommandFailure("nothing has run on this log yet") }
    let other = try ids.last.map(named) ?? catalog.live.last { $0.generation.id != active.id }?.generation
    guard let other else { throw CommandFailure("there is one generation only; mneme replay derives others") }
    return (ids.count == 2 ? try named(ids[0]) : active, other)
  }

  private func isWanted(_ key: OwnerKey) -> Bool {
    if let tenant, key.tenant != tenant { return false }
    guard let owner else { return true }
    return key == OwnerKey("\(tenant ?? MnemeSystem.tenant)/\(owner)")
  }

  private func show(_ report: DiffReport) throws {
    if let html {
      guard FileManager.default.createFile(atPath: html, contents: Data(DiffPage.html(report).utf8)) else {
        throw CommandFailure("\(html) cannot be written; check its folder")
      }
      Console.note("wrote \(html)")
    }
    if json { return try Console.json(report) }
    report.show()
  }
}

/// What another generation would change, as `diff` prints it.
struct DiffReport: Encodable {
  /// One memory that is not as before.
  struct Item: Encodable {
    var owner: String
    var kind: String
    var old: Side?
    var new: Side?
  }

  /// A memory before or after.
  struct Side: Encodable {
    var id: String
    var text: String
    var category: String
    var sources: [Source]

    init(_ memory: Memory) {
      id = memory.id.text
      text = memory.text
      category = memory.category
      sources = memory.sources.map {
        Source(eventID: $0.eventID, messageIndex: $0.messageIndex, time: $0.time.at, quote: $0.quote)
      }
    }
  }

  /// Words that a memory comes from.
  struct Source: Encodable {
    var eventID: String
    var messageIndex: Int
    var time: Timestamp
    var quote: String
  }

  var from: String
  var to: String
  var owners = 0
  var changedOwners = 0
  var unchanged = 0
  var gone = 0
  var reworded = 0
  var recategorised = 0
  var added = 0
  /// The first ones; the counts above are complete.
  var changes: [Item] = []
  private let limit: Int

  private enum CodingKeys: String, CodingKey {
    case from, to, owners, changedOwners, unchanged, gone, reworded, recategorised, added, changes
  }

  init(from old: Generation, to new: Generation, limit: Int) {
    self.from = old.id
    self.to = new.id
    self.limit = limit
  }

  mutating func add(_ diff: GenerationDiff, of owner: OwnerKey) {
    owners += 1
    if !diff.changes.isEmpty { changedOwners += 1 }
    unchanged += diff.unchangedCount
    for change in diff.changes {
      switch change {
      case .gone: gone += 1
      case .reworded: reworded += 1
      case .recategorised: recategorised += 1
      case .added: added += 1
      }
      guard changes.count < limit else { continue }
      changes.append(
        Item(
          owner: owner.description, kind: change.kind, old: change.old.map(Side.init), new: change.new.map(Side.init)))
    }
  }

  /// How many memories are not as before.
  var changeCount: Int { gone + reworded + recategorised + added }

  func show() {
    var owner = ""
    for change in changes {
      if change.owner != owner {
        owner = change.owner
        Console.line(Console.bold(owner))
      }
      let side = change.new ?? change.old
      switch change.kind {
      case "gone": Console.line("  - \(change.old?.text ?? "")")
      case "added": Console.line("  + \(change.new?.text ?? "")")
      case "reworded":
        Console.line("  ~ \(change.old?.text ?? "")")
        Console.line("    \(change.new?.text ?? "")")
      default:
        Console.line("  # \(side?.text ?? "")  \(change.old?.category ?? "") → \(change.new?.category ?? "")")
      }
      if let source = side?.sources.first { Console.line(Console.dim("      “\(source.quote)” \(source.time)")) }
    }
    if changeCount > changes.count { Console.note("\(changeCount - changes.count) further changes; see --limit") }
    Console.line(
      "\(from) → \(to): \(added) added, \(gone) gone, \(reworded) reworded, \(recategorised) re-categorised, "
        + "\(unchanged) as before; \(changedOwners) of \(owners) owners")
  }
}

import ArgumentParser
import EventLog
import FoundationEssentials
import MnemeCore
import MnemePipeline
import MnemeProjection

/// `mneme deadletters`: what could not be processed.
struct DeadLetters: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "deadletters", abstract: "List and decide about records that could not be processed.",
    subcommands: [Show.self, ListOpen.self, Redrive.self, Drop.self], defaultSubcommand: ListOpen.self)

  /// The dead letters, and what closes the log afterwards.
  static func withBox<Value>(
    _ options: SettingsOptions, _ body: (DeadLetterBox) async throws -> Value
  ) async throws -> Value {
    let system = try await MnemeSystem.open(options)
    try await system.log.ensureTopics(system.topics.shared)
    let value = try await body(DeadLetterBox(log: system.log, now: MnemeSystem.environment.now))
    await system.log.close()
    return value
  }

  /// `list`: a line each.
  struct ListOpen: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "list", abstract: "List dead letters that nobody has decided about.")

    @Flag(help: "Print one JSON document.") var json = false
    @OptionGroup var settings: SettingsOptions

    func run() async throws {
      let letters = try await DeadLetters.withBox(settings) { try await $0.open() }
      if json { return try Console.json(letters.map { DeadLetterReport($0, showsOriginal: false) }) }
      for letter in letters {
        Console.line(
          "\(letter.id)  \(letter.parkedAt)  \(letter.reason.stage)  \(letter.reason.code)"
            + "  after \(letter.reason.attempts) attempts  \(letter.reason.detail)")
      }
      if letters.isEmpty { Console.note("no dead letters") }
    }
  }

  /// `show`: one, whole.
  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show one dead letter with its original bytes, as JSON.",
      discussion: "The original holds what a person said: mind who reads it.")

    @Argument(help: "Id of the dead letter.") var id: String
    @OptionGroup var settings: SettingsOptions

    func run() async throws {
      let letters = try await DeadLetters.withBox(settings) { try await $0.open() }
      guard let letter = letters.first(where: { $0.id == id }) else {
        throw CommandFailure("there is no open dead letter \(id)")
      }
      try Console.json(DeadLetterReport(letter, showsOriginal: true))
    }
  }

  /// `redrive`: again.
  struct Redrive: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Put dead letters back to where they came from, to be processed again.")

    @OptionGroup var choice: Choice

    func run() async throws { try await choice.close("redriven") { try await $0.redrive($1) } }
  }

  /// `drop`: given up.
  struct Drop: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Give dead letters up. Their originals stay in the log.")

    @OptionGroup var choice: Choice

    func run() async throws { try await choice.close("dropped") { try await $0.drop($1) } }
  }

  /// Which dead letters a decision is about.
  struct Choice: ParsableArguments {
    @Argument(help: "Ids of dead letters.") var ids: [String] = []
    @Flag(help: "All open ones.") var all = false
    @Flag(help: "Print one JSON document.") var json = false
    @OptionGroup var settings: SettingsOptions

    func validate() throws {
      if all != ids.isEmpty { throw ValidationError("give ids, or --all") }
    }

    func close(_ word: String, _ decide: (DeadLetterBox, [DeadLetter]) async throws -> Void) async throws {
      let closed = try await DeadLetters.withBox(settings) { box in
        let open = try await box.open()
        if let missing = ids.first(where: { id in !open.contains { $0.id == id } }) {
          throw CommandFailure("there is no open dead letter \(missing)")
        }
        let chosen = all ? open : open.filter { ids.contains($0.id) }
        try await decide(box, chosen)
        return chosen.map(\.id)
      }
      if json { return try Console.json([word: closed]) }
      Console.line("\(word) \(closed.count)")
    }
  }
}

/// A dead letter as `--json` prints it.
struct DeadLetterReport: Encodable {
  let id: String
  let parkedAt: Timestamp
  let reason: ParkingReason
  let topic: String
  let partition: Int
  let offset: Int64
  let type: String?
  let eventID: String?
  let headers: [String: String]?
  let value: String?
  let valueBase64: String?

  init(_ letter: DeadLetter, showsOriginal: Bool) {
    id = letter.id
    parkedAt = letter.parkedAt
    reason = letter.reason
    topic = letter.original.topicPartition.topic
    partition = letter.original.topicPartition.partition
    offset = letter.original.offset
    type = letter.originalType
    eventID = letter.originalID
    let text = String(validating: letter.value, as: UTF8.self)
    headers =
      showsOriginal
      ? Dictionary(
        letter.headers.map { ($0.name, String(decoding: $0.value, as: UTF8.self)) },
        uniquingKeysWith: { first, _ in first })
      : nil
    value = showsOriginal ? text : nil
    valueBase64 = showsOriginal && text == nil ? Data(letter.value).base64EncodedString() : nil
  }
}

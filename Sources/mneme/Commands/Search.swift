import ArgumentParser
import EventLog
import FoundationEssentials
import LanguageModel
import MnemeCore
import MnemeProjection
import MnemeQuery

/// `mneme search`: asks the projection.
struct Search: AsyncParsableCommand {
  static let configuration = CommandConfiguration(abstract: "Search memories by meaning and by words.")

  @Argument(help: "The question.")
  var query: String
  @OptionGroup var scope: ScopeOptions
  @OptionGroup var time: TimeOptions
  @Option(help: "At most so many memories.") var topK = 10
  @Option(help: "Least score, 0 to 1.") var threshold = 0.1
  @Flag(help: "Tell what each signal found.") var explain = false
  @Flag(help: "Print one JSON document.") var json = false
  @OptionGroup var settings: SettingsOptions

  func validate() throws {
    if !(1...1000).contains(topK) { throw ValidationError("--top-k must be from 1 to 1000") }
    if !(0...1).contains(threshold) { throw ValidationError("--threshold must be from 0 to 1") }
    try time.validate(with: scope)
  }

  func run() async throws {
    let found = try await Self.find(query, scope, time, limit: topK, threshold: threshold, settings)
    try report(found.hits, found.time)
  }

  /// The best memories of `scope`, best first, and the time that the question asks about: for every command that
  /// begins with a search.
  static func find(
    _ query: String, _ scope: ScopeOptions, _ time: TimeOptions, limit: Int, threshold: Double,
    _ settings: SettingsOptions
  ) async throws -> (hits: [SearchHit], time: AskedTime?) {
    let system = try await MnemeSystem.open(settings)
    let models = try Models(system.settings)
    let active = try await system.active(models)
    let reader = try system.reader(of: active)
    let embedder = try await models.embedder(active.embedding)
    let about = time.query(scope)
    let voice = try await reader.voice(of: query, about: about)
    let lookup = try await TimeLookup(query, reference: time.reference, about: about, reader: reader)
    let all = try await embedder.embed(voice.texts + lookup.texts)
    let vectors = all.prefix(voice.texts.count)
    let asked = try await lookup.asked(Array(all.dropFirst(voice.texts.count)), reader: reader)
    let hits = try await reader.search(
      SearchRequest(
        query: about, text: voice.neutral, vector: vectors.first, voicedVector: vectors.dropFirst().first,
        speakers: voice.speakers, time: asked?.interval, limit: limit, minimumScore: threshold))
    await models.close()
    await system.log.close()
    return (hits, asked)
  }

  private struct Report: Encodable {
    struct Time: Encodable {
      var from: Timestamp?
      var to: Timestamp?
      var words: String
    }

    var results: [MemoryReport]
    var time: Time?
  }

  private func report(_ hits: [SearchHit], _ asked: AskedTime?) throws {
    let time = asked.map { asked in
      Report.Time(
        from: asked.interval.from == CivilInterval.distantPast ? nil : asked.interval.from,
        to: asked.interval.to == CivilInterval.distantFuture ? nil : asked.interval.to, words: asked.words)
    }
    if json {
      return try Console.json(
        Report(
          results: hits.map { MemoryReport($0.view, hit: $0, explain: explain) }, time: explain ? time : nil))
    }
    if hits.isEmpty { Console.note("nothing found") }
    if explain, let time {
      Console.line("\(time.words): from \(time.from?.description ?? "–") to \(time.to?.description ?? "–")")
    }
    for hit in hits {
      Console.line(
        "\(Console.bold(Self.rounded(hit.score)))  \(hit.view.memory.text)  \(Console.dim(hit.view.memory.id.text))")
      guard explain else { continue }
      Console.line(
        "      semantic \(Self.rounded(hit.semantic))  keyword \(Self.rounded(hit.keyword))"
          + "  person \(hit.signals.isAskedPerson ? 1 : 0)\(hit.signals.isOfAskedTime ? "  of that time" : "")"
          + "  around it \(hit.signals.contextCosine.map(Self.rounded) ?? "–")"
          + "  cosine \(hit.signals.cosine.map(Self.rounded) ?? "–")  bm25 \(hit.signals.bm25.map(Self.rounded) ?? "–")"
          + "  freshness \(Self.rounded(hit.signals.freshness))\(hit.signals.isOver ? "  over" : "")"
      )
    }
  }

  private static func rounded(_ value: Double) -> String {
    let thousandths = Int((abs(value) * 1000).rounded())
    let decimals = String(thousandths % 1000)
    return (value < 0 ? "-" : "") + "\(thousandths / 1000)."
      + String(repeating: "0", count: 3 - decimals.count) + decimals
  }
}

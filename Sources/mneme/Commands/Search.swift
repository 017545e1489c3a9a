import ArgumentParser
import EventLog
import FoundationEssentials
import LanguageModel
import MnemeCore
import MnemeProjection

/// `mneme search`: asks the projection.
struct Search: AsyncParsableCommand {
  static let configuration = CommandConfiguration(abstract: "Search memories by meaning and by words.")

  @Argument(help: "The question.")
  var query: String
  @OptionGroup var scope: ScopeOptions
  @Option(help: "At most so many memories.") var topK = 10
  @Option(help: "Least score, 0 to 1.") var threshold = 0.1
  @Flag(help: "Tell what each signal found.") var explain = false
  @Flag(help: "Print one JSON document.") var json = false
  @OptionGroup var settings: SettingsOptions

  func validate() throws {
    if !(1...1000).contains(topK) { throw ValidationError("--top-k must be from 1 to 1000") }
    if !(0...1).contains(threshold) { throw ValidationError("--threshold must be from 0 to 1") }
  }

  func run() async throws {
    let hits = try await Self.hits(query, scope, limit: topK, threshold: threshold, settings)
    try report(hits)
  }

  /// The best memories of `scope`, best first, for every command that begins with a search.
  static func hits(
    _ query: String, _ scope: ScopeOptions, limit: Int, threshold: Double, _ settings: SettingsOptions
  ) async throws -> [SearchHit] {
    let system = try await MnemeSystem.open(settings)
    let models = try Models(system.settings)
    let active = try await system.active(models)
    let reader = try system.reader(of: active)
    let embedder = try await models.embedder(active.embedding)
    let about = MemoryQuery(tenant: MnemeSystem.tenant, filter: scope.filter, notExpiredAt: MnemeSystem.now())
    let voice = try await reader.voice(of: query, about: about)
    let vectors = try await embedder.embed(voice.texts)
    let hits = try await reader.search(
      SearchRequest(
        query: about, text: voice.neutral, vector: vectors.first, voicedVector: vectors.dropFirst().first,
        speakers: voice.speakers, limit: limit, minimumScore: threshold))
    await models.close()
    await system.log.close()
    return hits
  }

  private func report(_ hits: [SearchHit]) throws {
    if json {
      return try Console.json(["results": hits.map { MemoryReport($0.view, hit: $0, explain: explain) }])
    }
    if hits.isEmpty { Console.note("nothing found") }
    for hit in hits {
      Console.line(
        "\(Console.bold(Self.rounded(hit.score)))  \(hit.view.memory.text)  \(Console.dim(hit.view.memory.id.text))")
      guard explain else { continue }
      Console.line(
        "      semantic \(Self.rounded(hit.semantic))  keyword \(Self.rounded(hit.keyword))"
          + "  speaker \(hit.signals.isAskedSpeaker ? 1 : 0)"
          + "  around it \(hit.signals.contextCosine.map(Self.rounded) ?? "–")"
          + "  cosine \(hit.signals.cosine.map(Self.rounded) ?? "–")  bm25 \(hit.signals.bm25.map(Self.rounded) ?? "–")"
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

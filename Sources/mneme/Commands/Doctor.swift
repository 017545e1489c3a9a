import ArgumentParser
import EventLog
import FoundationEssentials
import KafkaEventLog
import LanguageModel
import MnemeCore
import MnemeProjection

/// `mneme doctor`: settings and dependencies.
struct Doctor: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Print the effective settings and check each dependency.")

  @Flag(help: "Print one JSON document.") var json = false
  @OptionGroup var settings: SettingsOptions

  private struct Line: Encodable {
    var name: String
    var value: String
    var origin: String
  }

  private struct Check: Encodable {
    var name: String
    var ok: Bool
    var detail: String
  }

  private struct Report: Encodable {
    var settings: [Line]
    var checks: [Check]
  }

  func run() async throws {
    let effective = try Settings.load(settings)
    let lines =
      Setting.allCases.map { setting in
        let value = effective[setting].map { setting.isSecret ? "(hidden)" : $0 } ?? "(not set)"
        return Line(name: setting.rawValue, value: value, origin: effective.origin(of: setting)?.rawValue ?? "")
      }
      + effective.kafka.sorted { $0.key < $1.key }.map { name, value in
        let isSecret = KafkaEventLog.Options.isSecret(name)
        return Line(name: "kafka.\(name)", value: isSecret ? "(hidden)" : value, origin: "")
      }
    let checks = [
      await check("log") { try await Self.checkLog(effective) },
      await check("embedder") { try await Self.checkEmbedder(effective) },
      await check("extractor") { try await Self.checkExtractor(effective) },
      await check("reranker") { try await Self.checkReranker(effective) },
      await check("projection") { try await Self.checkProjection(effective) },
    ]
    if json {
      try Console.json(Report(settings: lines, checks: checks))
    } else {
      for line in lines { Console.line("\(line.name) = \(line.value)  \(Console.dim(line.origin))") }
      for check in checks { Console.line("\(check.ok ? "ok    " : "FAILED")  \(check.name): \(check.detail)") }
    }
    if checks.contains(where: { !$0.ok }) { throw ExitCode(1) }
  }

  private func check(_ name: String, _ body: () async throws -> String) async -> Check {
    do {
      return Check(name: name, ok: true, detail: try await body())
    } catch {
      return Check(name: name, ok: false, detail: "\(error)")
    }
  }

  private static func checkLog(_ settings: Settings) async throws -> String {
    let system = try await MnemeSystem.open(settings)
    let topics = try await system.log.topics()
    await system.log.close()
    return
      "\(system.isOnKafka ? settings.text(.log) : system.dataDirectory + "/log.sqlite") answers, \(topics.count) topics"
  }

  private static func checkEmbedder(_ settings: Settings) async throws -> String {
    let models = try Models(settings)
    let embedder = try await models.embedder(try await models.embedding())
    _ = try await embedder.embed(["hello"])
    await models.close()
    return "\(embedder.space.name) on \(embedder.backend) answers"
  }

  private static func checkExtractor(_ settings: Settings) async throws -> String {
    let models = try Models(settings)
    let extractor = try await models.extractor(try settings.extraction())
    let owner = OwnerKey(tenant: MnemeSystem.tenant, owner: Owner(kind: .user, id: "doctor"))
    let body = TurnBody(
      scope: Scope(userID: "doctor"), messages: [Message(role: "user", content: "I live in Lisbon.")])
    let turn = Turn(id: "doctor", owner: owner, receivedAt: MnemeSystem.now(), body: body)
    let facts = try await extractor.extract([turn]).first?.facts.count ?? 0
    await models.close()
    return "\(extractor.recipe.id) answers with \(facts) facts for a probe"
  }

  private static func checkReranker(_ settings: Settings) async throws -> String {
    let models = try Models(settings)
    guard let reranker = try await models.reranker() else { return "none is set; searches keep their own order" }
    _ = try await reranker.rerank(["Lives in Lisbon", "Likes tea"], by: "Where do I live?")
    await models.close()
    return "\(reranker.name) answers"
  }

  private static func checkProjection(_ settings: Settings) async throws -> String {
    let system = try await MnemeSystem.open(settings)
    let reader = try ProjectionReader(
      directory: system.projectionDirectory, configuration: try await system.configuration())
    let summary: ProjectionSummary
    do {
      summary = try await reader.summary()
    } catch let error as ProjectionError where error.code == .missing {
      await system.log.close()
      return "not made yet; the first mneme up makes it"
    }
    await system.log.close()
    return "\(summary.memoryCount) memories of \(summary.turnCount) turns"
  }
}

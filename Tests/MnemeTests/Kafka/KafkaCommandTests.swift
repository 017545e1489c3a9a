import CurlHTTP
import EventLog
import Foundation
import MnemeCore
import MnemeTesting
import Testing

/// The program on brokers, as its users meet it: topics, publishers, roles as processes of their own, dead letters.
@Suite struct KafkaCommandTests {
  @Test func topicsAreMadeAndDriftIsReportedAndMended() async throws {
    let deployment = try await KafkaDeployment.open()
    #expect(try await deployment.run(["topics", "diff"]).status == 0)
    let listed = try await deployment.run(["topics", "list", "--json"])
    for topic in [Topics.ingress, Topics.turns, Topics.deadLetters] { #expect(listed.output.contains("\"\(topic)\"")) }
    try await deployment.log.setRetention(.age(.seconds(60)), of: Topics.ingress)
    let drifted = try await deployment.run(["topics", "diff"])
    #expect(drifted.status == 1)
    #expect(drifted.output.contains(Topics.ingress))
    #expect(try await deployment.run(["topics", "apply"]).status == 0)
    #expect(try await deployment.run(["topics", "diff"]).status == 0)
    await deployment.close()
  }

  @Test func whatKcatPublishesIsRemembered() async throws {
    let deployment = try await KafkaDeployment.open()
    try await Self.publishExample(to: deployment)
    let worker = deployment.worker("worker")
    let projector = deployment.projector("reader")
    try await worker.start()
    try await projector.start()
    let server = try await Server.start(projector.directory, role: "serve", arguments: deployment.arguments)
    try await deployment.waitUntilIdle(projector.directory)
    try await server.waitUntilIdle()
    // Its expiration date has passed, so that no search shows it any more.
    let content = try await deployment.content(projector.directory)
    #expect(content["turns"] == 1 && content["parked"] == 0)
    #expect(content["memories"] != 0, "\(content)")
    // A scrape does not wait long for the brokers: on a slow machine one may tell no lag.
    try await eventually("the lag is told") {
      String(decoding: try await server.send(.get, "/metrics").body, as: UTF8.self)
        .contains("mneme_lag_records{group=\"mneme.extract.g1\"")
    }
    #expect(await server.stop() == 0)
    for member in [worker, projector] { #expect(try await member.stop() == 0) }
    await deployment.close()
  }

  @Test func rolesEndThoughBrokersAreGone() async throws {
    let cluster = try await KafkaTestCluster.start()
    // Brokers that others use are not taken down.
    guard cluster.isOwn else { return }
    let deployment = try await KafkaDeployment.open(on: cluster)
    let worker = deployment.worker("worker")
    let projector = deployment.projector("reader")
    try await worker.start()
    try await worker.waitUntilJoined(groupCount: KafkaDeployment.workerGroupCount)
    try await projector.start()
    let server = try await Server.start(deployment.folder.path + "/up", arguments: deployment.arguments)
    await cluster.stop()
    async let ends = [worker.stop(), projector.stop()]
    #expect(await server.stop() == 0)
    #expect(try await ends == [0, 0])
    await deployment.close()
  }

  /// An example of `topics/examples`, byte for byte, by the script that the README names.
  private static func publishExample(to deployment: KafkaDeployment) async throws {
    let process = Process()
    process.executableURL = repository.appending(path: "ops/publish-example")
    process.arguments = [
      "mneme.turn.recorded.v1", deployment.bootstrap, "-t", deployment.prefix + Topics.ingress,
    ]
    process.standardOutput = FileHandle.nullDevice
    try process.run()
    let publisher = SendableProcess(process)
    try await eventually("the publisher ends") { !publisher.isRunning }
    try #require(publisher.status == 0)
  }

  private static let repository: URL = {
    var folder = URL(filePath: #filePath)
    for _ in 0..<4 { folder.deleteLastPathComponent() }
    return folder
  }()

  @Test func aPoisonRecordIsShownRedrivenAndDropped() async throws {
    let deployment = try await KafkaDeployment.open()
    _ = try await deployment.log.append([ChaosTurns.poison[0]])
    let worker = deployment.worker("worker")
    let projector = deployment.projector("reader")
    for member in [worker, projector] { try await member.start() }
    try await deployment.waitUntilIdle(projector.directory)
    let first = try await Self.letters(deployment)
    let id = try #require(first.first?["id"]?.stringValue)
    let shown = try await deployment.run(["deadletters", "show", id])
    // The original bytes, as base64: they are not UTF-8.
    #expect(shown.output.contains("/wD+"), "\(shown.output)")
    #expect(try await deployment.run(["deadletters", "redrive", id]).status == 0)
    try await deployment.waitUntilIdle(projector.directory)
    // It is as bad as before, and stands where it was put back.
    let second = try await Self.letters(deployment)
    let again = try #require(second.first?["id"]?.stringValue)
    #expect(second.count == 1 && again != id)
    #expect(try await deployment.run(["deadletters", "drop", again]).status == 0)
    #expect(try await Self.letters(deployment).isEmpty)
    for member in [worker, projector] { #expect(try await member.stop() == 0) }
    await deployment.close()
  }

  private static func letters(_ deployment: KafkaDeployment) async throws -> [JSONValue] {
    try await deployment.run(["deadletters", "list", "--json"]).json().arrayValue ?? []
  }
}

import BuiltInModels
import Foundation
import MnemeTesting
import Testing

@testable import mneme

/// What `mneme bench embed --help` says of a peer.
@Suite struct BenchPeerTests {
  private static func peer(_ script: String, _ folder: TemporaryFolder) throws -> BenchPeer {
    let path = try folder.program("peer", "#!/bin/sh\n\(script)\n")
    return try BenchPeer(path: path, sentences: ["a b", "ça"], directory: folder.path + "/work")
  }

  @Test func aPeerGetsSentencesAndSettingsAndAnswersWithVectors() async throws {
    let folder = TemporaryFolder()
    defer { folder.remove() }
    let peer = try Self.peer(
      """
      [ "$1 $2" = "int8 2" ] && [ "$(cat)" = "$(printf 'a b\\nça')" ] || exit 9
      echo '{"sentences_per_second": 7.5, "vectors": [[1, 0], [0, 1]]}'
      """, folder)
    let answer = try await peer.embed(.int8, threadCount: 2)
    #expect(answer.rate == 7.5 && answer.processorRate == nil && answer.vectors == [[1, 0], [0, 1]])
    await #expect(throws: CommandFailure.self) { try await peer.embed(.float32, threadCount: 2) }
  }

  @Test(arguments: [
    #"echo '{"sentences_per_second": 1, "vectors": [[1, 0]]}'"#, "echo no document", "exit 3", "kill -9 $$",
  ])
  func aPeerThatAnswersWrongEndsTheMeasurement(script: String) async throws {
    let folder = TemporaryFolder()
    defer { folder.remove() }
    let peer = try Self.peer(script, folder)
    await #expect(throws: (any Error).self) { try await peer.embed(.int8, threadCount: 1) }
  }
}

import Foundation
import Glibc
import MnemeCore
import MnemeTesting
import Testing

@testable import mneme

/// As many connections as the settings say, or as the system lets the process have.
@Suite struct ConnectionLimitTests {
  static let reserved = OpenFiles.reservedCount + 4 * OpenFiles.countPerPartition

  @Test(arguments: [
    // Soft limit, hard limit, connections wanted; limit set, connections that fit.
    (1024, 524_288, 4096, 65_536, 4096), (1024, 20_000, 4096, 20_000, 4096), (1024, 4096, 4096, 4096, 4096 - reserved),
    (1_000_000, 1_000_000, 4096, 1_000_000, 4096), (256, 256, 4096, 256, 1), (1024, 65_536, 60_000, 65_536, 60_000),
    (1024, Int.max, 1, 65_536, 1),
  ])
  func theLimitIsRaisedAsFarAsItMayBe(soft: Int, hard: Int, wanted: Int, limit: Int, fitting: Int) {
    let plan = OpenFiles.plan(soft: soft, hard: hard, connections: wanted, partitions: 4)
    #expect(plan == OpenFiles.Plan(limit: limit, connectionCount: fitting))
  }

  /// Starts a server whose limits of open files are those of `ulimit`.
  private static func start(_ folder: TemporaryFolder, ulimit: String) async throws -> Server {
    try await Server.start(folder.path + "/data", wrapper: ["sh", "-c", "ulimit \(ulimit); exec \"$@\"", "sh"])
  }

  @Test func twoThousandConnectionsAreKeptAliveAndAnswered() async throws {
    var limits = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limits)
    limits.rlim_cur = min(limits.rlim_max, 16_384)
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limits)
    let folder = TemporaryFolder()
    defer { folder.remove() }
    let server = try await Self.start(folder, ulimit: "-Sn 512")
    let answered = try await RawConnection.onThread { () -> [Int] in
      let connections = try (0..<2000).map { _ in try RawConnection(port: server.port) }
      return (0..<2).map { _ in
        for connection in connections { connection.send(RawConnection.request("GET", "/v1/ping/")) }
        return connections.count { $0.reply()?.status == 200 }
      }
    }
    #expect(answered == [2000, 2000])
    #expect(await server.stop() == 0)
  }

  @Test func aHardLimitThatIsTooLowIsToldAndServed() async throws {
    let folder = TemporaryFolder()
    defer { folder.remove() }
    let server = try await Self.start(folder, ulimit: "-n 400")
    let notes = try String(contentsOfFile: server.directory + ".stderr", encoding: .utf8)
    #expect(notes.contains("at most \(400 - Self.reserved) of 4096 connections"), "\(notes)")
    #expect(notes.contains("LimitNOFILE") && notes.contains("--max-connections"))
    #expect(try await HostileInputTests.isAlive(server))
    #expect(await server.stop() == 0)
  }

  @Test(arguments: [("--max-connections", "0"), ("--max-connections", "60001"), ("--head-timeout", "0")])
  func valuesOutOfRangeAreRefused(flag: String, value: String) async throws {
    let folder = TemporaryFolder()
    defer { folder.remove() }
    let result = try await MnemeProcess.run(
      ["up", "--port", "0", "--data-dir", folder.path + "/data", flag, value])
    #expect(result.status == 2)
    #expect(result.errors.contains(flag), "\(result.errors)")
  }
}

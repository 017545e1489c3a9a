import Foundation
import Logging
import MnemeCore
import MnemeTesting
import Synchronization
import Testing

@testable import MnemeQuery

private func record(
  _ key: APIKey, role: AccessRole = .writer, owners: [String]? = nil, rate: Int? = nil, expires: String? = nil
) -> APIKeyRecord {
  APIKeyRecord(
    id: key.id, hash: key.hash, label: "test", tenant: "acme", project: "default", role: role, owners: owners,
    rateLimit: rate, createdAt: Fixture.now, expiresAt: expires.flatMap { Timestamp($0) })
}

private func makeKey() -> APIKey {
  var random = SystemRandomNumberGenerator()
  return APIKey.make(using: &random)
}

@Suite struct APIKeyTests {
  @Test func `a key reads what it writes, and no two are alike`() throws {
    let keys = (0..<1000).map { _ in makeKey() }
    #expect(Set(keys.map(\.text)).count == keys.count)
    for key in keys {
      #expect(APIKey(key.text)?.id == key.id)
      #expect(key.text.hasPrefix("mnm_") && key.hash.count == 64 && !key.hash.contains(key.text.suffix(20)))
    }
  }

  @Test(arguments: ["", "mnm_", "mnm__", "m0sk_abc", "mnm_abcdefghijkl_short", " "])
  func `what has another form is no key`(text: String) {
    #expect(APIKey(text) == nil)
  }

  @Test func `a ring lets in by the whole key alone`() throws {
    let (known, stranger) = (makeKey(), makeKey())
    let ring = KeyRing([record(known, owners: ["user:bob"], rate: 7)])
    let principal = try #require(ring.principal(known, at: Fixture.now))
    #expect(principal.tenant == "acme" && principal.role == .writer && principal.rateLimit == 7)
    #expect(principal.owners == [Owner(kind: .user, id: "bob")] && principal.keyID == known.id)
    #expect(ring.principal(stranger, at: Fixture.now) == nil)
    // The id is no secret.
    let forged = try #require(APIKey("mnm_\(known.id)_\(stranger.text.suffix(52))"))
    #expect(ring.principal(forged, at: Fixture.now) == nil)
  }

  @Test func `a key that is revoked, expired or unsound lets nobody in`() {
    let key = makeKey()
    var revoked = record(key)
    revoked.revokedAt = Fixture.now
    var nameless = record(key)
    nameless.tenant = "a/b"
    let bad = [
      revoked, nameless, record(key, expires: "2026-11-21T09:00:00Z"), record(key, owners: []),
      record(key, owners: ["alice"]), record(key, role: .anyone), record(key, rate: 0),
    ]
    for record in bad { #expect(KeyRing([record]).principal(key, at: Fixture.now) == nil, "\(record)") }
    #expect(KeyRing([record(key, expires: "2026-11-21T09:00:01Z")]).principal(key, at: Fixture.now) != nil)
  }

  @Test(arguments: [("a", "a", true), ("a", "b", false), ("", "", true), ("ab", "a", false), ("ä", "ä", true)])
  func `texts are compared whole`(left: String, right: String, isEqual: Bool) {
    #expect(KeyRing.isEqual(left, right) == isEqual)
  }

  @Test(arguments: [
    ("acme", "default", "acme"), ("acme", "second", "acme~second"), ("a.b-c_1", "x", "a.b-c_1~x"),
  ])
  func `a project has a realm of its own`(tenant: String, project: String, realm: String) {
    #expect(Principal(tenant: tenant, project: project, role: .reader).realm == realm)
  }

  @Test(arguments: ["", "a/b", "a~b", "a b", "ä", String(repeating: "a", count: 65)])
  func `names go into paths as they are`(name: String) {
    #expect(!Principal.isName(name))
  }
}

@Suite struct KeyFileTests {
  @Test func `a file keeps what is put in, for its owner alone`() throws {
    let folder = TemporaryFolder()
    defer { folder.remove() }
    let file = KeyFile(path: folder.path + "/keys.json")
    #expect(try file.read().records.isEmpty)
    let keys = (0..<3).map { _ in record(makeKey(), owners: ["user:a/b:c"], expires: "2027-01-01") }
    for key in keys { try file.change { $0.append(key) } }
    #expect(try file.read().records == keys)
    let attributes = try FileManager.default.attributesOfItem(atPath: file.path)
    #expect(attributes[.posixPermissions] as? Int == 0o600)
    #expect(!FileManager.default.fileExists(atPath: file.path + ".new"))
  }

  @Test func `a file that others may read is refused`() throws {
    let folder = TemporaryFolder()
    defer { folder.remove() }
    let file = KeyFile(path: folder.path + "/keys.json")
    try file.change { $0.append(record(makeKey())) }
    try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: file.path)
    #expect(throws: KeyFileError.self) { try file.read() }
  }

  @Test(arguments: ["", "{}", "[1]", "{\"version\": 2, \"keys\": []}", "not json"])
  func `anything else is refused and left alone`(text: String) throws {
    let folder = TemporaryFolder()
    defer { folder.remove() }
    let path = folder.path + "/keys.json"
    try Data(text.utf8).write(to: URL(filePath: path))
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
    #expect(throws: KeyFileError.self) { try KeyFile(path: path).change { $0.append(record(makeKey())) } }
    #expect(try String(contentsOfFile: path, encoding: .utf8) == text)
    #expect(!FileManager.default.fileExists(atPath: path + ".new"))
  }

  @Test func `of two writers one waits its turn, and none is lost`() async throws {
    let folder = TemporaryFolder()
    defer { folder.remove() }
    let file = KeyFile(path: folder.path + "/keys.json")
    let keys = (0..<40).map { _ in record(makeKey()) }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for key in keys {
        group.addTask {
          while true {
            do {
              return try file.change { $0.append(key) }
            } catch let error as KeyFileError where error.isRetriable { await Task.yield() }
          }
        }
      }
      try await group.waitForAll()
    }
    #expect(try Set(file.read().records) == Set(keys))
  }
}

@Suite struct KeyAuthenticatorTests {
  @Test func `a key is shown in one of three ways, and in two only if they agree`() throws {
    let folder = TemporaryFolder()
    defer { folder.remove() }
    let file = KeyFile(path: folder.path + "/keys.json")
    let (key, other) = (makeKey(), makeKey())
    try file.change { $0 += [record(key), record(other)] }
    let keys = try KeyAuthenticator(file, clock: { Fixture.now }, logger: Logger(label: "test"))
    func isLetIn(_ authorization: String?, _ apiKey: String? = nil) -> Bool {
      keys.principal(for: Credentials(authorization: authorization, apiKey: apiKey)) != nil
    }
    #expect(isLetIn("Token \(key.text)") && isLetIn("Bearer \(key.text)") && isLetIn("bearer \(key.text)"))
    #expect(isLetIn(nil, key.text) && isLetIn("Token \(key.text)", key.text))
    #expect(!isLetIn("Token \(key.text)", other.text) && !isLetIn("Basic \(key.text)") && !isLetIn(key.text))
    #expect(!isLetIn(nil) && !isLetIn("Token") && !isLetIn("Token x", key.text))
  }

  @Test func `what becomes of the file is followed`() async throws {
    let folder = TemporaryFolder()
    defer { folder.remove() }
    let file = KeyFile(path: folder.path + "/keys.json")
    let key = makeKey()
    try file.change { $0.append(record(key)) }
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    let keys = try KeyAuthenticator(file, clock: { Fixture.now }, logger: logger)
    let credentials = Credentials(apiKey: key.text)
    func settles(_ isLetIn: Bool) async throws -> Bool {
      for _ in 0..<500 {
        if (keys.principal(for: credentials) != nil) == isLetIn { return true }
        try await Task.sleep(for: .milliseconds(20))
      }
      return false
    }
    #expect(try await settles(true))
    try file.change { $0[0].revokedAt = Fixture.now }
    #expect(try await settles(false))
    try file.change { $0[0].revokedAt = nil }
    #expect(try await settles(true))
    try Data("broken".utf8).write(to: URL(filePath: file.path))
    #expect(try await settles(false))
    try FileManager.default.removeItem(atPath: file.path)
    #expect(try await settles(false))
  }
}

@Suite struct RateLimiterTests {
  @Test func `a key has what a second brings, and gets it back as time goes by`() {
    let now = Mutex(Fixture.now.milliseconds)
    let limiter = RateLimiter { Timestamp(milliseconds: now.withLock { $0 }) }
    func pass(milliseconds: Int64) { now.withLock { $0 += milliseconds } }
    let first = limiter.take("a", limit: 2)
    #expect(first.retryAfterSeconds == nil && first.remaining == 1 && first.resetSeconds == 1 && first.limit == 2)
    #expect(limiter.take("a", limit: 2).remaining == 0)
    #expect(limiter.take("a", limit: 2).retryAfterSeconds == 1)
    #expect(limiter.take("b", limit: 2).retryAfterSeconds == nil)
    pass(milliseconds: 500)
    #expect(limiter.take("a", limit: 2).retryAfterSeconds == nil)
    #expect(limiter.take("a", limit: 2).retryAfterSeconds == 1)
    // A clock that is set back neither gives nor takes.
    pass(milliseconds: -5000)
    #expect(limiter.take("a", limit: 2).retryAfterSeconds == 1)
    pass(milliseconds: 100_000)
    #expect(limiter.take("a", limit: 2).remaining == 1)
  }

  @Test func `a key that asks too often is told when to come again`() async throws {
    let folder = TemporaryFolder()
    defer { folder.remove() }
    let file = KeyFile(path: folder.path + "/keys.json")
    let key = makeKey()
    try file.change { $0.append(record(key, rate: 3)) }
    var harness = Harness()
    harness.authenticator = try KeyAuthenticator(file, clock: { Fixture.now }, logger: Logger(label: "test"))
    try await harness.run { client in
      var replies: [HTTPReply] = []
      for _ in 0..<8 { replies.append(try await client.send("GET", "/v1/ping/", headers: ["X-API-Key": key.text])) }
      // The harness's clock stands still.
      #expect(replies.map(\.status) == [200, 200, 200, 429, 429, 429, 429, 429])
      let refused = replies[3]
      #expect(refused.headers["retry-after"] == "1" && refused.headers["x-ratelimit-remaining"] == "0")
      #expect(try refused.json["code"] == "rate_limited" && refused.json["detail"] != nil)
      #expect(replies[0].headers["x-ratelimit-limit"] == "3" && replies[0].headers["x-ratelimit-remaining"] == "2")
    }
  }
}

import FoundationEssentials
import MnemeCore
import Testing

@Suite struct WebhookSignatureTests {
  /// The example of Standard Webhooks 1.0.0.
  @Test func `a known message has the known signature`() {
    let body = Array(#"{"test": 2432232314}"#.utf8)
    for secret in ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"] {
      let signature = WebhookSignature.sign(
        id: "msg_p5jXN8AQM9LWM0D4loKWxJek", timestamp: 1_614_265_330, body: body, secret: secret)
      #expect(signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
    }
  }

  @Test func `whatever of a message is changed, the signature is another one`() {
    func sign(_ id: String, _ time: Int64, _ body: String, _ secret: String = "c2VjcmV0") -> String? {
      WebhookSignature.sign(id: id, timestamp: time, body: Array(body.utf8), secret: secret)
    }
    let signatures = [
      sign("a", 1, "x"), sign("b", 1, "x"), sign("a", 2, "x"), sign("a", 1, "y"), sign("a", 1, "x", "c2VjcmV1"),
    ]
    #expect(Set(signatures).count == 5 && !signatures.contains(nil))
    #expect(sign("a", 1, "x", "no base64!") == nil)
  }
}

@Suite struct WebhookNoticeTests {
  private static let time = Timestamp("2026-11-20T18:30:00Z")!
  private static let old = Derivation.uuid("old")
  private static let new = Derivation.uuid("new")

  private static func memory(_ id: UUID, _ text: String) -> Memory {
    Memory(
      id: id, text: text, category: "travel", scope: Scope(userID: "alex"), actor: "user", subject: "user",
      attribute: nil, value: nil, polarity: .positive, confidence: 1, validFrom: Moment(time, .stated), validTo: nil,
      sources: [], supersededBy: nil, metadata: nil, expiresAt: nil, recipe: "r", recordedAt: time, updatedAt: time)
  }

  private static func resolved(
    _ events: [MemoryEvent], _ outcome: MemoriesResolved.Outcome = .stored, type: EventType = .memoryEditRequested,
    reason: ParkingReason? = nil
  ) -> MemoriesResolved {
    MemoriesResolved(
      input: InputReference(id: "turn-1", type: type.rawValue, partition: 0, offset: 4, receivedAt: time),
      outcome: outcome, events: events, reason: reason)
  }

  private static let source = Source(
    eventID: "e", messageIndex: 0, role: "user", time: Moment(time, .stated), quote: "")

  /// What happens, and what is told of it.
  static let cases: [(MemoriesResolved, [WebhookNotice])] = [
    (
      resolved([.added(memory(new, "Lives in Berlin"))]),
      [
        WebhookNotice(
          .memoryAdd, ["id": .string(new.text), "event": "ADD", "data": ["memory": "Lives in Berlin"]]),
        WebhookNotice(
          .memoryCategorize, ["event": "CATEGORIZE", "memory_id": .string(new.text), "categories": ["travel"]]),
      ]
    ),
    (resolved([.reinforced(id: old, source: source, at: time)]), []),
    (resolved([], .nothing), []), (resolved([], .notFound), []),
    (
      resolved([.revised(id: old, MemoryEvent.Revision(text: "Lives in Oslo", at: time))]),
      [WebhookNotice(.memoryUpdate, ["id": .string(old.text), "event": "UPDATE", "data": ["memory": "Lives in Oslo"]])]
    ),
    (
      resolved([.revised(id: old, MemoryEvent.Revision(metadata: ["seen": true], at: time))]),
      [
        WebhookNotice(
          .memoryUpdate, ["id": .string(old.text), "event": "UPDATE", "data": ["metadata": ["seen": true]]])
      ]
    ),
    (
      resolved([
        .superseded(id: old, by: new, validTo: Moment(time, .stated), at: time), .added(memory(new, "Lives in Berlin")),
      ]),
      [
        WebhookNotice(
          .memoryUpdate,
          [
            "id": .string(old.text), "event": "UPDATE",
            "data": ["memory": "Lives in Berlin", "replaced_by": .string(new.text)],
          ])
      ] + WebhookNotice.all(of: resolved([.added(memory(new, "Lives in Berlin"))]))
    ),
    (
      resolved([.retracted(id: old, at: time)]),
      [WebhookNotice(.memoryDelete, ["id": .string(old.text), "event": "DELETE", "data": [:]])]
    ),
    (
      resolved([.retracted(id: old, at: time)], type: .turnRecorded),
      [
        WebhookNotice(.memoryDelete, ["id": .string(old.text), "event": "DELETE", "data": [:]]),
        WebhookNotice(
          .ingestJobCompleted,
          ["id": "turn-1", "event": "INGEST_JOB_COMPLETED", "data": ["memory_ids": [.string(old.text)]]]),
      ]
    ),
    (
      resolved([], .nothing, type: .turnRecorded),
      [
        WebhookNotice(
          .ingestJobCompleted, ["id": "turn-1", "event": "INGEST_JOB_COMPLETED", "data": ["memory_ids": []]])
      ]
    ),
    (
      resolved(
        [], .parked, type: .turnRecorded,
        reason: ParkingReason(stage: "extract", code: "unreachable", detail: "", attempts: 5)),
      [
        WebhookNotice(
          .ingestJobFailed, ["id": "turn-1", "event": "INGEST_JOB_FAILED", "data": ["error": "unreachable"]])
      ]
    ),
    (resolved([], .parked), []),
  ]

  @Test(arguments: cases.indices)
  func `each change is told, and nothing else`(index: Int) {
    #expect(WebhookNotice.all(of: Self.cases[index].0) == Self.cases[index].1)
  }

  @Test func `a call's body is what mem0 sends`() throws {
    let notice = WebhookNotice.all(of: Self.resolved([.added(Self.memory(Self.new, "Likes tea"))]))[0]
    #expect(notice.payload["event_details"]?["event"] == "ADD" && notice.payload.objectValue?.count == 1)
  }
}

@Suite struct WebhookURLTests {
  @Test(arguments: [
    "https://example.org", "http://example.org:8080/hook?a=b", "HTTPS://Example.org/%20", "http://[2001:db8::1]:80/x",
    "https://example.org/#part", "http://127.0.0.1/", "http://localhost:1",
  ])
  func `a URL that can be called is taken`(url: String) { #expect(WebhookURL.problem(url) == nil) }

  @Test(arguments: [
    "", "example.org", "ftp://example.org", "file:///etc/passwd", "gopher://x", "https://", "https:///x",
    "https://user@example.org", "https://user:word@example.org/", "https://a b", "https://example.org/ü",
    "https://example.org\\@evil.example", "https://example.org:0", "https://example.org:99999", "https://example.org:x",
    "https://example.org:", "https://a:b:c", "https://[::1", "https://[::1]x", "http://example.org/\u{0}",
    "http://example.org/\r\nHost: x", "https://example.org/" + String(repeating: "x", count: 2048),
  ])
  func `any other is refused`(url: String) { #expect(WebhookURL.problem(url) != nil) }

  @Test(
    arguments: [
      ("http://127.0.0.1:80/x", [127, 0, 0, 1]), ("http://localhost/", [127, 0, 0, 1]), ("http://example.org", nil),
      ("http://[::1]:9/", [UInt8](repeating: 0, count: 15) + [1]), ("http://10.1.2.3", [10, 1, 2, 3]),
    ] as [(String, [UInt8]?)])
  func `an address in place of a name is found`(url: String, bytes: [UInt8]?) {
    #expect(WebhookURL.literalAddress(of: url)?.bytes == bytes)
  }
}

@Suite struct NetworkAddressTests {
  @Test(arguments: [
    "8.8.8.8", "1.1.1.1", "100.63.255.255", "100.128.0.1", "172.15.0.1", "172.32.0.1", "192.167.1.1", "169.253.1.1",
    "198.17.0.1", "198.20.0.1", "223.255.255.255", "2606:4700:4700::1111", "2a00:1450:4001:800::200e",
    "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1",
  ])
  func `the Internet's are public`(text: String) throws { #expect(try #require(NetworkAddress(text)).isPublic) }

  @Test(arguments: [
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.127.255.255", "127.0.0.1", "127.255.0.1",
    "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.2.1", "192.168.0.1", "192.88.99.1",
    "198.18.0.1", "198.19.255.255", "198.51.100.7", "203.0.113.7", "224.0.0.1", "239.1.1.1", "240.0.0.1",
    "255.255.255.255", "::", "::1", "::127.0.0.1", "::10.0.0.1", "::ffff:127.0.0.1", "::ffff:169.254.169.254",
    "::ffff:7f00:1", "64:ff9b::7f00:1", "64:ff9b::10.0.0.1", "64:ff9b:1::1", "100::1", "2001::1", "2001:db8::1",
    "2001:20::1", "2002:7f00:1::1", "2002:a00:1::", "3fff::1", "fc00::1", "fd12:3456::1", "fe80::1", "febf::1",
    "fec0::1", "ff02::1", "ff0e::1", "4000::1", "5f00::1",
  ])
  func `all others are not`(text: String) throws { #expect(try !#require(NetworkAddress(text)).isPublic) }

  @Test(arguments: [
    "", "1.2.3", "1.2.3.4.5", "1.2.3.256", "1.2.3.x", "1..2.3", "+1.2.3.4", ":", ":::", "1::2::3", "12345::", "g::",
    "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "::1.2.3", "1.2.3.4::", "127.1", "0x7f.0.0.1", "example.org",
  ])
  func `what is none is none`(text: String) { #expect(NetworkAddress(text) == nil) }

  @Test func `bytes are four or sixteen`() {
    #expect(NetworkAddress("1.2.3.4")?.bytes == [1, 2, 3, 4])
    #expect(NetworkAddress("1:2::ff")?.bytes == [0, 1, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255])
    #expect(NetworkAddress(bytes: [1, 2, 3]) == nil && NetworkAddress(bytes: [8, 8, 8, 8])?.isPublic == true)
  }
}

@Suite struct WebhookRetryTests {
  private static let made = Timestamp(milliseconds: 0)

  /// Answer, attempt, and what follows one hour after the message was made, with the longest jitter.
  static let cases: [(WebhookRetry.Answer, Int, WebhookRetry.Verdict)] = [
    (.status(200), 1, .delivered), (.status(204), 16, .delivered), (.status(299), 1, .delivered),
    (.status(300), 1, .retry(at: Timestamp(milliseconds: 3_601_000))),
    (.status(302), 2, .retry(at: Timestamp(milliseconds: 3_602_000))),
    (.status(400), 3, .retry(at: Timestamp(milliseconds: 3_604_000))),
    (.status(410), 1, .switchOff), (.status(410), 16, .switchOff),
    (.status(500), 16, .giveUp), (.status(500), 13, .retry(at: Timestamp(milliseconds: 7_200_000))),
    (.status(503, retryAfter: .seconds(30)), 1, .retry(at: Timestamp(milliseconds: 3_630_000))),
    (.status(429, retryAfter: .seconds(86_400)), 1, .retry(at: Timestamp(milliseconds: 7_200_000))),
    (.status(503, retryAfter: .zero), 1, .retry(at: Timestamp(milliseconds: 3_601_000))),
    (.failure(code: "timeout", isRetriable: true), 1, .retry(at: Timestamp(milliseconds: 3_601_000))),
    (.failure(code: "address_refused", isRetriable: false), 1, .giveUp),
  ]

  @Test(arguments: cases.indices)
  func `an answer has its consequence`(index: Int) {
    let (answer, attempt, verdict) = Self.cases[index]
    #expect(
      WebhookRetry().verdict(
        answer, attempt: attempt, madeAt: Self.made, now: Timestamp(milliseconds: 3_600_000), jitter: 1) == verdict)
  }

  @Test func `attempts end in number and in time`() {
    var now = Self.made
    var attempt = 1
    while case .retry(let next) = WebhookRetry().verdict(
      .status(500), attempt: attempt, madeAt: Self.made, now: now, jitter: 1)
    {
      (now, attempt) = (next, attempt + 1)
    }
    #expect(attempt == 16 && now.milliseconds == (4095 + 3 * 3600) * 1000)
    let late = Timestamp(milliseconds: 86_400_000)
    #expect(WebhookRetry().verdict(.status(500), attempt: 1, madeAt: Self.made, now: late, jitter: 0) == .giveUp)
    #expect(WebhookRetry().verdict(.status(200), attempt: 1, madeAt: Self.made, now: late, jitter: 0) == .delivered)
  }
}

import EventLog
import FoundationEssentials
import MnemeCore
import Testing

@testable import MnemeQuery

@Suite struct WebhookTests {
  private static let all = "/api/v1/webhooks/projects/default/"
  private static let sample: JSONValue = [
    "url": "https://example.org/hook", "name": "kitchen", "event_types": ["memory_add", "memory_delete"],
    "project_id": "default",
  ]

  @Test func `webhooks come, change and go, and the secret is shown once`() async throws {
    let harness = Harness()
    try await harness.run { client in
      try await client.add("I like tea")
      #expect(try await client.send("GET", Self.all).json == [])
      let made = try await client.send("POST", Self.all, json: Self.sample)
      #expect(made.status == 201, "\(made.text)")
      let id = try #require(made.json["webhook_id"]?.stringValue)
      #expect(id.wholeMatch(of: /wh-[0-9a-f]{16}/) != nil)
      let secret = try #require(made.json["secret"]?.stringValue)
      #expect(secret.hasPrefix("whsec_"))
      #expect(Data(base64Encoded: String(secret.dropFirst(6)))?.count == Webhook.secretByteCount)

      let listed = try await client.send("GET", Self.all)
      let webhook = try #require(try listed.json.arrayValue?.first)
      #expect(
        Set(webhook.objectValue?.keys ?? [:].keys) == [
          "webhook_id", "name", "url", "event_types", "owner", "is_active", "project", "created_at", "updated_at",
        ])
      #expect(webhook["event_types"] == ["memory_add", "memory_delete"] && webhook["is_active"] == true)
      #expect(!listed.text.contains(secret.dropFirst(6)))

      // What is told follows what was said before.
      let kept = try await ProjectLog(log: harness.log, now: { Fixture.now }).refresh()
      let stored = try #require(kept[ProjectKey(tenant: "default", project: "default")].webhooks.first)
      #expect(stored.turns.reduce(0, +) == 1 && "whsec_" + stored.secret == secret)

      let path = "/api/v1/webhooks/\(id)/"
      let changed = try await client.send("PUT", path, json: ["name": "hall", "event_types": ["memory_update"]])
      #expect(try changed.json == ["message": "Webhook updated successfully"])
      let after = try await client.send("GET", Self.all).json.arrayValue?.first
      #expect(after?["name"] == "hall" && after?["url"] == "https://example.org/hook")
      #expect(after?["event_types"] == ["memory_update"])
      #expect(try await client.send("PUT", path, json: ["is_active": false]).status == 200)
      #expect(try await client.send("GET", Self.all).json.arrayValue?.first?["is_active"] == false)
      #expect(try await client.send("PUT", path, json: ["name": "hall"]).status == 200)
      #expect(try await client.send("GET", Self.all).json.arrayValue?.first?["is_active"] == true)

      #expect(try await client.send("DELETE", path).json == ["message": "Webhook deleted successfully"])
      for method in ["PUT", "DELETE"] {
        #expect(try await client.send(method, path, json: method == "PUT" ? ["name": "x"] : [:]).status == 404)
      }
      #expect(try await client.send("GET", path + "deliveries/").status == 404)
      #expect(try await client.send("GET", "/api/v1/webhooks/projects/other/").status == 404)
    }
  }

  @Test(
    arguments: [
      [:], ["url": "https://example.org"], ["event_types": ["memory_add"]],
      ["url": "https://example.org", "event_types": []], ["url": "https://example.org", "event_types": ["memory_eat"]],
      ["url": "https://example.org", "event_types": ["memory_add", "memory_add"]],
      ["url": "https://example.org", "event_types": "memory_add"], ["url": 5, "event_types": ["memory_add"]],
      ["url": "ftp://example.org", "event_types": ["memory_add"]],
      ["url": "https://u:p@example.org", "event_types": ["memory_add"]],
      ["url": "http://127.0.0.1:9/", "event_types": ["memory_add"]],
      ["url": "http://localhost/", "event_types": ["memory_add"]],
      ["url": "http://[::ffff:169.254.169.254]/latest", "event_types": ["memory_add"]],
      [
        "url": "https://example.org", "event_types": ["memory_add"],
        "name": .string(String(repeating: "x", count: 257)),
      ],
    ] as [JSONValue])
  func `what is no webhook is refused`(body: JSONValue) async throws {
    try await Harness().run { client in
      let reply = try await client.send("POST", Self.all, json: body)
      #expect(reply.status == 400, "\(reply.text)")
      #expect(try await client.send("GET", Self.all).json == [])
    }
  }

  @Test func `addresses of this machine are taken where that is allowed`() async throws {
    try await Harness { $0.allowsPrivateWebhooks = true }.run { client in
      let body: JSONValue = ["url": "http://127.0.0.1:9/", "event_types": ["ingest_job_failed"]]
      let reply = try await client.send("POST", Self.all, json: body)
      #expect(reply.status == 201)
    }
  }

  @Test func `a project has as many as it may have`() async throws {
    try await Harness().run { client in
      for number in 0...ProjectCatalog.maxWebhookCount {
        let reply = try await client.send("POST", Self.all, json: Self.sample)
        #expect(reply.status == (number < ProjectCatalog.maxWebhookCount ? 201 : 409))
      }
    }
  }

  @Test func `what became of messages is listed and counted`() async throws {
    let harness = Harness()
    try await harness.run { client in
      let made = try await client.send("POST", Self.all, json: Self.sample)
      let id = try #require(made.json["webhook_id"]?.stringValue)
      let path = "/api/v1/webhooks/\(id)/deliveries/"
      #expect(try await client.send("GET", path).json == ["results": []])
      let partition = Webhook.partition(of: id, count: 4)
      var offset: Int64 = 0
      func append(_ type: EventType, _ message: String, _ body: some Encodable, webhook: String = id) async throws {
        let event = CloudEvent(
          id: message, type: type.rawValue, source: "/test", time: Fixture.now,
          owner: OwnerKey(tenant: "default", owner: Owner(kind: .user, id: "ann")), data: EventBodyCoding.encode(body),
          extensions: [EventAttribute.webhook: webhook])
        _ = try await harness.log.append([
          try EventRecordCodec().encode(event, topic: Topics.webhooks, partition: partition)
        ])
        offset += 1
      }
      func trigger(_ message: String, webhook: String = id) async throws {
        let body = WebhookTriggered(webhookID: webhook, event: .memoryAdd, payload: ["event_details": [:]])
        try await append(.webhookTriggered, message, body, webhook: webhook)
      }
      for message in ["m-1", "m-2", "m-3"] { try await trigger(message) }
      try await trigger("m-4", webhook: "wh-other")
      try await append(
        .webhookAttempted, "a-1",
        WebhookAttempted(messageID: "m-1", offset: 0, webhookID: id, attempt: 1, result: .delivered, status: 204))
      try await append(
        .webhookAttempted, "a-2",
        WebhookAttempted(
          messageID: "m-2", offset: 1, webhookID: id, attempt: 3, result: .retrying, status: 500, error: "http_status",
          nextAt: Fixture.now))
      let results = try await client.send("GET", path).json["results"]?.arrayValue ?? []
      #expect(results.map { $0["id"] } == ["m-3", "m-2", "m-1"])
      #expect(results.map { $0["status"] } == ["pending", "retrying", "delivered"])
      #expect(results.map { $0["attempts"] } == [0, 3, 1] && results[1]["error"] == "http_status")
      #expect(results[1]["next_attempt_at"] == .string(Fixture.now.description) && results[2]["response_status"] == 204)

      let metrics = try await client.send("GET", "/metrics").text
      for line in [
        "mneme_webhook_messages_pending 3", #"mneme_webhook_attempts_total{result="delivered"} 1"#,
        #"mneme_webhook_attempts_total{result="retrying"} 1"#, #"mneme_webhook_attempts_total{result="failed"} 0"#,
      ] {
        #expect(metrics.contains(line), "\(line)")
      }
      try await append(
        .webhookAttempted, "a-3",
        WebhookAttempted(messageID: "m-2", offset: 1, webhookID: id, attempt: 4, result: .failed, status: 500))
      #expect(try await client.send("GET", "/metrics").text.contains("mneme_webhook_messages_pending 2"))
    }
  }
}

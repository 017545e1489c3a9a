import MnemeCore

extension OperationArea {
  private static let project = Operation.Parameter.path(
    "project", .string(length: 1...256).example("default"), "The caller's project, as a ping tells it.")
  private static let id = Operation.Parameter.path(
    "id", .string().example("wh-0123456789abcdef"), "Id of the webhook.")

  private static let url = Schema.string(
    "Whom to call: an absolute URL in ASCII, without a user name. Addresses that are not the Internet's are refused, "
      + "unless the server allows them.",
    length: 8...WebhookURL.maxByteCount, pattern: #"^[Hh][Tt][Tt][Pp][Ss]?://[!-~]+$"#
  ).example("https://example.org/hook")
  private static let name = Schema.string(
    "What it is called.", length: 1...Webhook.maxNameLength, pattern: Schema.plainText
  ).example("kitchen")
  private static let eventNames = Schema.list(
    "At what, each once.", of: .word(Webhook.Event.allCases.map(\.rawValue)), count: 1...Webhook.Event.allCases.count
  ).example(["memory_add"])

  /// Whom a project calls when something happens to its memories.
  static let webhooks = OperationArea(
    "Webhooks",
    "Whom a project calls when something happens to its memories. Calls are signed as Standard Webhooks 1.0.0 has it, "
      + "and tried again until they are taken or given up.",
    [
      "GET /api/v1/webhooks/projects/{project}/": Operation(
        "listWebhooks", "Lists webhooks", [project],
        replies: [Operation.Reply("The webhooks.", .list(of: .reference(.webhook)))]),
      "POST /api/v1/webhooks/projects/{project}/": Operation(
        "createWebhook", "Makes a webhook",
        details: "It is told what is taken in from now on. Its secret is in this answer alone.", [project],
        body: Operation.Body(
          .form(nil, ["url": url, "event_types": eventNames], optional: ["name": name]),
          example: ["url": "https://example.org/hook", "name": "kitchen", "event_types": ["memory_add"]]),
        replies: [Operation.Reply("The webhook.", .reference(.createdWebhook), status: 201)]),
      "PUT /api/v1/webhooks/{id}/": Operation(
        "updateWebhook", "Changes a webhook",
        details: "At least one member is there. One that was switched off is on again, unless `is_active` says "
          + "otherwise.", [id],
        body: Operation.Body(
          .form(
            nil,
            optional: [
              "url": url, "name": name, "event_types": eventNames, "is_active": .flag("Whether it is called."),
            ]),
          example: ["event_types": ["memory_add", "memory_delete"]]),
        replies: [Operation.Reply("It is changed.", .reference(.message))]),
      "DELETE /api/v1/webhooks/{id}/": Operation(
        "deleteWebhook", "Removes a webhook", details: "What it was still to be told is not told any more.", [id],
        replies: [Operation.Reply("It is removed.", .reference(.message))]),
      "GET /api/v1/webhooks/{id}/deliveries/": Operation(
        "listDeliveries", "Lists the latest messages to a webhook, and what became of them", [id],
        replies: [Operation.Reply("The messages, the newest first.", .reference(.deliveryList))]),
    ])
}

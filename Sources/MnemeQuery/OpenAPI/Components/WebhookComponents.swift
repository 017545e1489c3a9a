import MnemeCore

extension Component {
  /// Webhooks, and what they were told.
  static let webhooks = [webhook, createdWebhook, delivery, deliveryList]

  private static let events = Schema.word(Webhook.Event.allCases.map(\.rawValue))

  /// A webhook.
  static let webhook = Component(
    "Webhook",
    .object(
      "Whom a project calls, and at what.",
      [
        "webhook_id": .string("What tells it from all others.").example("wh-0123456789abcdef"),
        "name": .string().example("kitchen"), "url": .string().example("https://example.org/hook"),
        "event_types": .list(of: events), "owner": .string("The organisation.").example("default"),
        "is_active": .flag("Whether it is called. One that has answered 410 is not, until it is changed.")
          .example(true),
        "project": .string().example("default"), "created_at": .time(), "updated_at": .time(),
      ]))

  /// A webhook that was just made.
  static let createdWebhook = Component(
    "CreatedWebhook",
    webhook.schema.and(
      "A webhook, with what its calls are signed with: it is shown once.",
      [
        "secret": .string("The secret, in base64.")
          .example("whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")
      ]))

  /// A message to a webhook.
  static let delivery = Component(
    "Delivery",
    .object(
      "A message to a webhook, and what became of it.",
      [
        "id": .string("Of the message, in all attempts at it.").example(Schema.sampleID), "event_type": events,
        "status": .word(["pending"] + WebhookAttempted.Result.allCases.map(\.rawValue)),
        "attempts": .count("Attempts at it so far."),
        "response_status": .integer("Status of the last answer.").orNull.example(200),
        "error": .string("Why it was not taken.").orNull.example(.null), "created_at": .time(), "updated_at": .time(),
        "next_attempt_at": .time("When it is tried again.").orNull.example(.null),
      ]))

  /// Messages to a webhook.
  static let deliveryList = Component("DeliveryList", .object(nil, ["results": .list(of: .reference(delivery))]))
}

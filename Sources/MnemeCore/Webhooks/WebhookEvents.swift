/// A webhook is to be told something: body of `webhook.triggered`.
public struct WebhookTriggered: Hashable, Sendable, Codable {
  /// The webhook.
  public var webhookID: String
  /// What happened.
  public var event: Webhook.Event
  /// The call's body.
  public var payload: JSONValue

  enum CodingKeys: String, CodingKey {
    case event, payload
    case webhookID = "webhook_id"
  }

  /// A body with all its parts.
  public init(webhookID: String, event: Webhook.Event, payload: JSONValue) {
    self.webhookID = webhookID
    self.event = event
    self.payload = payload
  }

  /// The id of the message that tells `webhookID` of `event` number `ordinal` (from 0, among those of its kind) of the
  /// input `inputID` of `owner`: the same whoever tells it, and whenever.
  public static func messageID(
    webhookID: String, owner: OwnerKey, inputID: String, ordinal: Int, event: Webhook.Event
  ) -> String {
    Derivation.uuid("webhook-message", webhookID, owner.description, inputID, String(ordinal), event.rawValue).text
  }
}

/// A webhook was called, or is not called any more: body of `webhook.attempted`.
public struct WebhookAttempted: Hashable, Sendable, Codable {
  /// How far a message is after it.
  public enum Result: String, Sendable, Codable, CaseIterable {
    /// The other side has taken it.
    case delivered
    /// It is tried again.
    case retrying
    /// It was given up, and stands in dead letters.
    case failed
    /// The webhook is gone or switched off: nobody wants it.
    case cancelled

    /// Whether nothing more comes of the message.
    public var isFinal: Bool { self != .retrying }
  }

  /// The message.
  public var messageID: String
  /// Where the message stands, in the partition of this event.
  public var offset: Int64
  /// The webhook.
  public var webhookID: String
  /// Which attempt it was, from 1; 0 where there was none.
  public var attempt: Int
  /// How far the message is.
  public var result: Result
  /// The status of the answer; nil where there was none.
  public var status: Int?
  /// Why it is not delivered: `http_status`, or the code of the failure; nil where it is.
  public var error: String?
  /// When it is tried again; nil where it is not.
  public var nextAt: Timestamp?

  enum CodingKeys: String, CodingKey {
    case offset, attempt, result, status, error
    case messageID = "message_id"
    case webhookID = "webhook_id"
    case nextAt = "next_at"
  }

  /// A body with all its parts.
  public init(
    messageID: String, offset: Int64, webhookID: String, attempt: Int, result: Result, status: Int? = nil,
    error: String? = nil, nextAt: Timestamp? = nil
  ) {
    self.messageID = messageID
    self.offset = offset
    self.webhookID = webhookID
    self.attempt = attempt
    self.result = result
    self.status = status
    self.error = error
    self.nextAt = nextAt
  }
}

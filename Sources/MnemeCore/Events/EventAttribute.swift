/// CloudEvents extension attributes: those by which vectors that come later than their memories are told from those
/// that come with them, and the one by which a webhook's records are found.
public enum EventAttribute {
  /// On a memories record: the embedding space whose vectors were appended in the same transaction.
  public static let space = "space"
  /// On a vectors record: an offset, in decimal. All vectors of the memories partition of the same number below that
  /// offset stand in the vectors partition up to and including this record.
  public static let memoriesNext = "memoriesnext"
  /// On a vectors record beside `memoriesnext`: whose memories are meant, where a space holds vectors of several
  /// generations; missing: of the one that is asked about.
  public static let generation = "generation"

  /// On a webhooks record: the id of the webhook.
  public static let webhook = "webhook"

  /// The record header of attribute `name` in Kafka's binary mode.
  public static func header(_ name: String) -> String { "ce_" + name }
}

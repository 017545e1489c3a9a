import Crypto
import FoundationEssentials

/// Signs calls of webhooks as Standard Webhooks 1.0.0 describes it: whoever has the secret can tell that a call is
/// ours, which one it is, and when it was made. Pure.
public enum WebhookSignature {
  /// Names the message; the same in all attempts at it.
  public static let idHeader = "webhook-id"
  /// When this attempt was made, in seconds since 1970, UTC.
  public static let timestampHeader = "webhook-timestamp"
  /// `v1,` and the signature in base64.
  public static let signatureHeader = "webhook-signature"
  /// What a secret begins with where it is shown.
  public static let secretPrefix = "whsec_"

  /// HMAC-SHA256 of `id.timestamp.body`, as the header has it. `secret` is base64, with or without `secretPrefix`; nil
  /// where it is none.
  public static func sign(id: String, timestamp: Int64, body: [UInt8], secret: String) -> String? {
    let digits = secret.hasPrefix(secretPrefix) ? String(secret.dropFirst(secretPrefix.count)) : secret
    guard let key = Data(base64Encoded: digits) else { return nil }
    var code = HMAC<SHA256>(key: SymmetricKey(data: key))
    code.update(data: Array("\(id).\(timestamp).".utf8))
    code.update(data: body)
    return "v1," + Data(code.finalize()).base64EncodedString()
  }
}

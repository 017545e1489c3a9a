import Logging
import MnemePipeline
import MnemeQuery

/// Where HTTP is taken in, and who is let in there.
struct Entrance: Sendable {
  let configuration: QueryConfiguration
  let authenticator: any Authenticator
  /// What is said about it at start.
  let note: String

  /// Name or address that HTTP listens on.
  var host: String { configuration.host }

  /// Of this machine's own requests, on a port that is free.
  static let own = Entrance(
    configuration: QueryConfiguration(host: "127.0.0.1", port: 0), authenticator: SingleTenant(), note: "")

  private init(configuration: QueryConfiguration, authenticator: any Authenticator, note: String) {
    self.configuration = configuration
    self.authenticator = authenticator
    self.note = note
  }

  /// As the settings say.
  /// - Throws: `SettingsError`, or `KeyFileError` where the keys cannot be read.
  init(_ settings: Settings, logger: Logger) throws {
    var configuration = QueryConfiguration(
      host: settings.text(.host), port: try settings.integer(.port, in: 0...65_535),
      pathPrefix: try Self.pathPrefix(settings[.pathPrefix] ?? ""))
    configuration.agents = try settings.agents()
    configuration.allowsPrivateWebhooks = try settings.flag(.webhookAllowPrivate)
    configuration.rateLimit = try settings.integer(.rateLimit, in: 1...1_000_000)
    self.configuration = configuration
    guard let path = settings[.apiKeys], !path.isEmpty else {
      guard configuration.isLoopback else {
        throw SettingsError(
          "\(Setting.host.flag) \(configuration.host) is not a loopback address, and there are no API keys to protect "
            + "it; make one with mneme keys create, and name its file with \(Setting.apiKeys.flag)")
      }
      self.authenticator = SingleTenant()
      self.note = "no API keys: whoever reaches \(configuration.host) can read and write everything"
      return
    }
    let keys = try KeyAuthenticator(KeyFile(path: path), clock: MnemeSystem.environment.now, logger: logger)
    self.authenticator = keys
    let count = keys.goodKeyCount
    self.note =
      count == 0 ? "the key file has no key that is good: nobody is let in" : "callers are known by \(count) API keys"
  }

  /// `/a/b`, or nothing.
  private static func pathPrefix(_ text: String) throws -> String {
    let text = text.hasSuffix("/") ? String(text.dropLast()) : text
    guard text.isEmpty || text.wholeMatch(of: /(\/[A-Za-z0-9_.~-]+)+/) != nil else {
      throw SettingsError("\(Setting.pathPrefix.flag) must be a path such as /mem0")
    }
    return text
  }
}

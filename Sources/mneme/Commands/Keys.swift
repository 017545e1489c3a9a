import ArgumentParser
import MnemeCore
import MnemePipeline
import MnemeQuery

/// `mneme keys`: the API keys of the HTTP API.
struct Keys: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Make, list and revoke the API keys of the HTTP API.",
    discussion: """
      Keys stand in the file that --api-keys names, as hashes: a key is shown once, when it is made. A server that \
      runs follows the file within a second.
      """, subcommands: [Create.self, List.self, Revoke.self])

  /// The file that settings name.
  private static func file(_ options: SettingsOptions) throws -> KeyFile {
    guard let path = try Settings.load(options)[.apiKeys], !path.isEmpty else {
      throw SettingsError(
        "no key file is named; give \(Setting.apiKeys.flag) FILE or set \(Setting.apiKeys.environmentVariable)")
    }
    return KeyFile(path: path)
  }

  /// `mneme keys create`.
  struct Create: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Make a key and show it, once.")

    @Option(help: "The customer whose data it opens.") var tenant = SingleTenant.defaultTenant
    @Option(help: "The customer's project.") var project = Principal.defaultProject
    @Option(help: "What it may do: reader, writer or admin.") var role = "writer"
    @Option(
      help: "Whose memories alone, as user:ID, agent:ID, run:ID or app:ID; may be repeated. Not set: everybody's.")
    var owner: [String] = []
    @Option(help: "What it is for.") var label = ""
    @Option(help: "From when on it is refused: RFC 3339, or a date.") var expires: String?
    @Option(help: "Requests per second; not set: the server's limit.") var rate: Int?
    @Flag(help: "Print one JSON document.") var json = false
    @OptionGroup var settings: SettingsOptions

    /// Longest label, in characters.
    private static let maxLabelLength = 256

    func validate() throws {
      guard Principal.isName(tenant), Principal.isName(project) else {
        throw ValidationError("tenants and projects have names of 1 to 64 of A-Z a-z 0-9 _ . -")
      }
      guard let role = AccessRole(role), role > .anyone else {
        throw ValidationError("--role must be reader, writer or admin")
      }
      guard owner.allSatisfy({ Owner($0) != nil }) else {
        throw ValidationError("--owner must be user:ID, agent:ID, run:ID or app:ID")
      }
      guard expires.map({ Timestamp($0) != nil }) ?? true else {
        throw ValidationError("--expires must be an RFC 3339 time or a date")
      }
      guard rate ?? 1 > 0 else { throw ValidationError("--rate must be above zero") }
      guard label.count <= Self.maxLabelLength else {
        throw ValidationError("--label has more than \(Self.maxLabelLength) characters")
      }
    }

    func run() async throws {
      var random = SystemRandomNumberGenerator()
      let key = APIKey.make(using: &random)
      let record = APIKeyRecord(
        id: key.id, hash: key.hash, label: label, tenant: tenant, project: project, role: AccessRole(role) ?? .reader,
        owners: owner.isEmpty ? nil : owner, rateLimit: rate, createdAt: MnemeSystem.environment.now(),
        expiresAt: expires.flatMap { Timestamp($0) })
      try Keys.file(settings).change { $0.append(record) }
      if json { return try Console.json(Created(key: key.text, record: Report(record))) }
      Console.note("key \(key.id) of tenant \(tenant), project \(project), role \(role); it is not shown again:")
      Console.line(key.text)
    }
  }

  /// `mneme keys list`.
  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List the keys, revoked ones included.")

    @Flag(help: "Print one JSON document.") var json = false
    @OptionGroup var settings: SettingsOptions

    func run() async throws {
      let records = try Keys.file(settings).read().records
      if json { return try Console.json(records.map(Report.init)) }
      let now = MnemeSystem.environment.now()
      for record in records {
        let state = record.revokedAt != nil ? "revoked" : record.isGood(at: now) ? "good" : "expired"
        let owners = record.owners.map { "  " + $0.joined(separator: " ") } ?? ""
        Console.line(
          "\(record.id)  \(state)  \(record.tenant)/\(record.project)  \(record.role)\(owners)  \(record.label)")
      }
    }
  }

  /// `mneme keys revoke`.
  struct Revoke: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Revoke a key: it is refused within a second.")

    @Argument(help: "Id of the key: what stands between the first two underscores.") var id: String
    @OptionGroup var settings: SettingsOptions

    func run() async throws {
      let now = MnemeSystem.environment.now()
      try Keys.file(settings).change { records in
        guard let index = records.firstIndex(where: { $0.id == id }) else {
          throw CommandFailure("no key has this id; see mneme keys list")
        }
        if records[index].revokedAt == nil { records[index].revokedAt = now }
      }
      Console.note("key \(id) is revoked")
    }
  }

  /// What is told of a key.
  private struct Report: Encodable {
    let id: String
    let label: String
    let tenant: String
    let project: String
    let role: AccessRole
    let owners: [String]?
    let rateLimit: Int?
    let createdAt: Timestamp
    let expiresAt: Timestamp?
    let revokedAt: Timestamp?

    init(_ record: APIKeyRecord) {
      (id, label, tenant, project) = (record.id, record.label, record.tenant, record.project)
      (role, owners, rateLimit) = (record.role, record.owners, record.rateLimit)
      (createdAt, expiresAt, revokedAt) = (record.createdAt, record.expiresAt, record.revokedAt)
    }
  }

  private struct Created: Encodable {
    let key: String
    let record: Report
  }
}

import Logging
import MnemeCore

/// API keys over HTTP: an admin's, of the own project.
extension QueryAPI {
  /// Longest label of a key, in characters.
  static let maxKeyLabelLength = 256

  /// `GET /api-keys`: the keys of the project, revoked ones included; never what proves them.
  func listKeys(_ request: APIRequest) async throws -> APIResponse {
    let caller = request.admission.principal
    let records = try self.keyStore().records().filter { Self.manages(caller, $0) }
    return APIResponse(.array(records.map { .object(Self.object($0)) }))
  }

  /// `POST /api-keys`: makes a key of the project and shows it, once. It opens nothing that the caller's does not, and
  /// no longer.
  func createKey(_ request: APIRequest) async throws -> APIResponse {
    let members = try request.optionalMembers()
    let caller = request.admission.principal
    let store = try self.keyStore()
    let role = try members.string("role").map { name in
      guard let role = AccessRole(name), role > .anyone, role <= caller.role else {
        throw RequestFailure.invalid("role must be reader, writer or admin")
      }
      return role
    }
    let owners = try members.strings("owners") ?? caller.owners?.map { "\($0.kind.rawValue):\($0.id)" }.sorted()
    guard (owners ?? []).allSatisfy({ Owner($0).map(request.admission.reach.includes) ?? false }), owners != [] else {
      throw RequestFailure.invalid("owners must be of the form kind:id, and among those of the caller's key")
    }
    let now = self.clock()
    let ownEnd = try store.records().first { $0.id == caller.keyID }?.expiresAt
    let end = try members.time("expires_at")
    guard end.map({ now < $0 }) ?? true else { throw RequestFailure.invalid("expires_at is past") }
    var random = SystemRandomNumberGenerator()
    let key = APIKey.make(using: &random)
    let record = APIKeyRecord(
      id: key.id, hash: key.hash, label: try members.string("label", maxLength: Self.maxKeyLabelLength) ?? "",
      tenant: caller.tenant, project: caller.project, role: role ?? .writer, owners: owners,
      rateLimit: caller.rateLimit, createdAt: now, expiresAt: [end, ownEnd].compactMap { $0 }.min())
    try self.change(store) { $0.append(record) }
    var answer = Self.object(record)
    answer.add("key", .string(key.text))
    return APIResponse(.object(answer), status: 201)
  }

  /// `DELETE /api-keys/{id}`: revokes a key of the project.
  func revokeKey(_ request: APIRequest) async throws -> APIResponse {
    let (caller, id, now) = (request.admission.principal, request.pathValues[0], self.clock())
    try self.change(try self.keyStore()) { records in
      guard let index = records.firstIndex(where: { $0.id == id && Self.manages(caller, $0) }) else {
        throw RequestFailure(.notFound, "no key of this project has this id")
      }
      if records[index].revokedAt == nil { records[index].revokedAt = now }
    }
    return APIResponse(["message": "API key revoked"])
  }

  /// Whether the key of `record` is one that `caller` may know of: of the project, for no owner beyond the caller's.
  private static func manages(_ caller: Principal, _ record: APIKeyRecord) -> Bool {
    guard record.tenant == caller.tenant, record.project == caller.project else { return false }
    guard let mine = caller.owners else { return true }
    guard let owners = record.owners else { return false }
    return owners.allSatisfy { Owner($0).map(mine.contains) ?? false }
  }

  private func keyStore() throws -> any KeyStore {
    guard let keys = self.keys else {
      throw RequestFailure(
        .forbidden,
        "the server has no key file; make one with mneme keys create --api-keys FILE, and start the server with it")
    }
    return keys
  }

  private func change(_ store: any KeyStore, _ body: (inout [APIKeyRecord]) throws -> Void) throws {
    do {
      try store.change(body)
    } catch let error as KeyFileError {
      self.logger.error("the keys cannot be changed", metadata: ["error": "\(error)"])
      throw RequestFailure(
        .unavailable, "the keys cannot be changed now; see the server's log",
        retryAfterSeconds: error.isRetriable ? 1 : nil)
    }
  }

  private static func object(_ record: APIKeyRecord) -> JSONMembers {
    func time(_ time: Timestamp?) -> JSONOutput { time.map { .string($0.description) } ?? .null }
    return [
      "id": .string(record.id), "label": .string(record.label), "key_prefix": .string(APIKey.shown(id: record.id)),
      "role": .string(record.role.description), "created_at": time(record.createdAt),
      "owners": record.owners.map { .array($0.map { .string($0) }) } ?? .null,
      "expires_at": time(record.expiresAt), "revoked_at": time(record.revokedAt), "last_used_at": .null,
    ]
  }
}

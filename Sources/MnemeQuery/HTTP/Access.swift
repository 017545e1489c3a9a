/// What a caller may do, each including those before it.
public enum Role: Int, Sendable, Comparable, CaseIterable {
  /// Health and metrics, which hold no user data.
  case anyone
  /// Reads memories.
  case reader
  /// Adds, changes and deletes memories.
  case writer
  /// Manages the tenant.
  case admin

  /// Fewer rights, or more.
  public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// Who asks: the only source of a tenant.
public struct Principal: Hashable, Sendable {
  /// The customer whose data is asked for.
  public var tenant: String
  /// What the caller may do.
  public var role: Role

  /// A caller of `tenant` with `role`. A tenant's name is not empty and holds no `/`.
  public init(tenant: String, role: Role) {
    precondition(!tenant.isEmpty && !tenant.utf8.contains(UInt8(ascii: "/")), "a tenant's name holds no '/'")
    self.tenant = tenant
    self.role = role
  }
}

/// What a request brings to show who sent it.
public struct Credentials: Sendable {
  /// Header `Authorization`, e.g. `Token …` or `Bearer …`.
  public var authorization: String?
  /// Header `X-API-Key`.
  public var apiKey: String?
  /// Header `Host` (or `:authority`).
  public var host: String?
  /// Header `Origin`, which browsers send.
  public var origin: String?

  /// Credentials with all their parts.
  public init(authorization: String? = nil, apiKey: String? = nil, host: String? = nil, origin: String? = nil) {
    self.authorization = authorization
    self.apiKey = apiKey
    self.host = host
    self.origin = origin
  }
}

/// Knows callers by their credentials.
public protocol Authenticator: Sendable {
  /// The caller; nil where the credentials are missing or wrong.
  func principal(for credentials: Credentials) async throws -> Principal?
}

/// Takes every caller for the one tenant: for a service that only its own machine can reach.
///
/// A web page that the user visits can reach it too. So a request that names another host (DNS rebinding), or that a
/// browser sends for another site, is not let in.
public struct SingleTenant: Authenticator {
  /// The tenant's name where there is but one.
  public static let defaultTenant = "default"

  private let tenant: String

  /// Everything is `tenant`'s.
  public init(tenant: String = Self.defaultTenant) {
    self.tenant = tenant
  }

  /// The one tenant with all rights.
  public func principal(for credentials: Credentials) -> Principal? {
    guard let host = credentials.host, LoopbackHost.isLoopback(LoopbackHost.name(ofAuthority: host)) else { return nil }
    if let origin = credentials.origin {
      guard let scheme = origin.firstRange(of: "://"), origin[scheme.upperBound...] == host[...] else { return nil }
    }
    return Principal(tenant: self.tenant, role: .admin)
  }
}

/// Which host names mean this machine.
public enum LoopbackHost {
  /// Whether `host` (a name or an address without a port) is this machine and nothing else.
  public static func isLoopback(_ host: String) -> Bool {
    let host = host.lowercased()
    if host == "localhost" || host == "::1" || host == "[::1]" { return true }
    let parts = host.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
  }

  /// The host of `host:port`, `[address]:port` or either without a port.
  static func name(ofAuthority authority: String) -> String {
    if authority.hasPrefix("[") { return String(authority.prefix { $0 != "]" }.dropFirst()) }
    return String(authority.prefix { $0 != ":" })
  }
}

/// Proof that the door let a request in: only `Door` can make one.
struct Admission: Hashable, Sendable {
  /// Who asks.
  let principal: Principal

  fileprivate init(_ principal: Principal) {
    self.principal = principal
  }
}

/// The one place where callers are let in. A handler cannot be called without its `Admission`.
struct Door: Sendable {
  private let authenticator: any Authenticator

  /// A door whose keeper knows callers by `authenticator`.
  init(authenticator: any Authenticator) {
    self.authenticator = authenticator
  }

  /// Lets in whoever has `role` or more.
  /// - Throws: `RequestFailure` (`.unauthorized`, `.forbidden`).
  func admit(_ credentials: Credentials, to role: Role) async throws -> Admission {
    if role == .anyone { return Admission(Principal(tenant: SingleTenant.defaultTenant, role: .anyone)) }
    guard let principal = try await self.authenticator.principal(for: credentials) else {
      throw RequestFailure(.unauthorized, "no caller is known by these credentials, or not at this address")
    }
    guard principal.role >= role else {
      throw RequestFailure(.forbidden, "the key has no right to do this; it needs role \(role)")
    }
    return Admission(principal)
  }
}

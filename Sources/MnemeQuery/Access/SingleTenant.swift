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
    guard !credentials.isOfOtherSite else { return nil }
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

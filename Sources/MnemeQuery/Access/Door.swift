/// Proof that the door let a request in: only `Door` can make one.
struct Admission: Hashable, Sendable {
  /// Who asks.
  let principal: Principal

  fileprivate init(_ principal: Principal) {
    self.principal = principal
  }

  /// The same for what needs `role`.
  /// - Throws: `RequestFailure` (`.forbidden`).
  func admitted(to role: AccessRole) throws -> Admission {
    guard principal.role >= role else {
      throw RequestFailure(.forbidden, "the key has no right to do this; it needs role \(role)")
    }
    return self
  }

  /// Whose memories may be read and written.
  var reach: Reach { Reach(owners: principal.owners) }
}

extension RequestFailure {
  /// A browser's request for a page of another site.
  static let otherSite = RequestFailure(.forbidden, "requests from pages of other sites are not taken")
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
  func admit(_ credentials: Credentials, to role: AccessRole) async throws -> Admission {
    if role == .anyone { return Admission(Principal(tenant: SingleTenant.defaultTenant, role: .anyone)) }
    guard let principal = try await self.authenticator.principal(for: credentials) else {
      guard !credentials.isOfOtherSite else { throw RequestFailure.otherSite }
      throw RequestFailure(.unauthorized, "no caller is known by these credentials, or not at this address")
    }
    return try Admission(principal).admitted(to: role)
  }
}

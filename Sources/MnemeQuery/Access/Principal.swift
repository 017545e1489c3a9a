public import MnemeCore

/// Who asks: the only source of a tenant, a project and the owners that may be seen. Nothing in a request widens it.
public struct Principal: Hashable, Sendable {
  /// The customer.
  public var tenant: String
  /// Which of the customer's projects.
  public var project: String
  /// What the caller may do there.
  public var role: AccessRole
  /// Whose memories the caller may read and write; nil for everybody's of the project.
  public var owners: Set<Owner>?
  /// Id of the caller's key; nil where no key was asked for.
  public var keyID: String?
  /// Requests per second that the key is good for; nil for any number.
  public var rateLimit: Int?

  /// A caller with all its parts.
  /// - Precondition: `tenant` and `project` are names as `isName` has them.
  public init(
    tenant: String, project: String = Self.defaultProject, role: AccessRole, owners: Set<Owner>? = nil,
    keyID: String? = nil, rateLimit: Int? = nil
  ) {
    precondition(Self.isName(tenant) && Self.isName(project), "tenants and projects have names of [A-Za-z0-9_.-]")
    self.tenant = tenant
    self.project = project
    self.role = role
    self.owners = owners
    self.keyID = keyID
    self.rateLimit = rateLimit
  }

  /// The project of a tenant that names none.
  public static let defaultProject = ProjectKey.defaultProject

  /// Most characters of the name of a tenant or a project.
  public static let maxNameLength = 64

  /// Whether `text` names a tenant or a project: 1 to 64 of `A–Z a–z 0–9 _ . -`, so that clients may put it into paths
  /// as it is.
  public static func isName(_ text: String) -> Bool {
    (1...maxNameLength).contains(text.utf8.count)
      && text.utf8.allSatisfy { byte in
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F: true
        default: false
        }
      }
  }

  /// What log keys and the projection call the data of this project: `ProjectKey.realm`.
  public var realm: String { Self.realm(tenant: tenant, project: project) }

  /// The realm of one project.
  public static func realm(tenant: String, project: String) -> String {
    ProjectKey(tenant: tenant, project: project).realm
  }
}

import MnemeCore

/// What is set for the profiles of a project.
struct ProfileSettings: Sendable {
  /// Longest instructions, in characters.
  static let maxInstructionLength = 10_000
  /// The only kind of entity that has profiles.
  static let entityType = "user"

  /// Whether profiles are made; they are where nobody has said otherwise, as they cost nothing.
  let isEnabled: Bool
  /// Their form; nil for the usual one.
  let schema: JSONValue?
  /// What they are about, in words. Nobody reads it here: there is no model to.
  let instructions: JSONValue?

  /// Those of `project`.
  init(_ project: Project) {
    self.isEnabled = project.settings[.profileEnabled] != .bool(false)
    self.schema = project.settings[.profileSchema]
    self.instructions = project.settings[.profileInstructions]
  }

  /// As clients read them.
  var object: JSONValue {
    [
      "enabled": .bool(self.isEnabled),
      "capabilities": [
        "entity_types": [.string(Self.entityType)],
        "operations": .array(ProfileJob.Operation.allCases.map { .string($0.rawValue) }),
        "schema": true, "custom_instructions": false,
      ],
      "entities": [
        Self.entityType: ["schema": self.schema ?? .null, "custom_instructions": self.instructions ?? .null]
      ],
    ]
  }

  /// The settings that a body changes: what is null is put back to nothing, what is absent stays.
  /// - Throws: `RequestFailure`.
  static func changes(_ members: Members) throws -> [Project.Setting: JSONValue] {
    var changes: [Project.Setting: JSONValue] = [:]
    if let isEnabled = try members.bool("enabled") { changes[.profileEnabled] = .bool(isEnabled) }
    let entities = try members.object("entities") ?? [:]
    guard entities.keys.allSatisfy({ $0 == entityType }) else {
      throw RequestFailure.invalid("entities may hold only \(entityType)")
    }
    let user = Members(
      try Members(entities, of: "entities").object(entityType) ?? [:], of: "entities.\(entityType)")
    if user.isNull("schema") {
      changes[.profileSchema] = .null
    } else if user.isSet("schema") {
      let schema = try ExportForm.schema(user)
      guard SchemaDocument.namesProperties(schema) else {
        throw RequestFailure.invalid("\(user.path("schema")) has no properties; null puts it back to nothing")
      }
      changes[.profileSchema] = schema
    }
    if user.isNull("custom_instructions") {
      changes[.profileInstructions] = .null
    } else if let text = try user.string("custom_instructions", maxLength: maxInstructionLength) {
      changes[.profileInstructions] = .string(text)
    }
    return changes
  }
}

extension QueryAPI {
  /// `GET /v2/profiles/settings/`.
  func profileSettings(_ request: APIRequest) async throws -> APIResponse {
    APIResponse(ProfileSettings(try await self.projects.refresh()[self.ownProject(request)]).object)
  }

  /// `POST /v2/profiles/settings/`: sets what is given, and leaves the rest.
  func updateProfileSettings(_ request: APIRequest) async throws -> APIResponse {
    guard request.admission.principal.owners == nil else {
      throw RequestFailure(.forbidden, "the key is bound to owners; use one of the whole project for what concerns all")
    }
    let changes = try ProfileSettings.changes(try request.members())
    guard !changes.isEmpty else {
      throw RequestFailure.invalid("nothing to change: send enabled, or entities.user.schema or custom_instructions")
    }
    let key = self.ownProject(request)
    try await self.change(key, .settingsChanged(changes))
    return APIResponse(ProfileSettings(self.projects.catalog[key]).object)
  }
}

import MnemeCore

/// Settings of a project, as a request gives them.
enum ProjectForm {
  /// Longest name, in characters.
  static let maxNameLength = 256
  /// Longest description or prompt, in characters.
  static let maxTextLength = 10_000

  /// Reads the settings that stand in `members`; null puts one back to nothing. Other members are passed over: older
  /// clients send some that mean nothing here.
  /// - Throws: `RequestFailure` where a value is of another type, or too long.
  static func settings(_ members: Members) throws -> [Project.Setting: JSONValue] {
    var settings: [Project.Setting: JSONValue] = [:]
    for setting in Project.Setting.allCases where !setting.isOfProfiles {
      let name = setting.rawValue
      guard !members.isNull(name) else {
        settings[setting] = .null
        continue
      }
      switch setting {
      case .name:
        if let text = try members.string(name, maxLength: maxNameLength) { settings[setting] = .string(text) }
      case .customInstructions, .agentCustomInstructions, .description, .inclusionPrompt, .exclusionPrompt, .usecase,
        .memoryDepth, .version:
        if let text = try members.string(name, maxLength: maxTextLength) { settings[setting] = .string(text) }
      case .multilingual, .decay, .enableGraph:
        if let flag = try members.bool(name) { settings[setting] = .bool(flag) }
      case .customCategories:
        guard let value = members.any(name) else { break }
        // Kept as it was given; read here so that no turn meets one that is wrong.
        _ = try CategoryForm.categories(value, members.path(name))
        settings[setting] = value
      case .profileEnabled, .profileSchema, .profileInstructions: preconditionFailure("left out above")
      }
    }
    return settings
  }
}

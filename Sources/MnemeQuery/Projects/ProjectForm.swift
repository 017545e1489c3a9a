import MnemeCore

/// Settings of a project, as a request gives them.
enum ProjectForm {
  /// Longest name, in characters.
  static let maxNameLength = 256
  /// Longest description or prompt, in characters.
  static let maxTextLength = 10_000
  /// Categories, at most.
  static let maxCategoryCount = 100

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
        if let value = members.any(name) { settings[setting] = try categories(value, members.path(name)) }
      case .profileEnabled, .profileSchema, .profileInstructions: preconditionFailure("left out above")
      }
    }
    return settings
  }

  /// A list of names, or of objects that give names their descriptions.
  private static func categories(_ value: JSONValue, _ path: String) throws -> JSONValue {
    let failure = RequestFailure.invalid(
      "\(path) must be a list of at most \(maxCategoryCount) names, or of objects {\"name\": \"description\"}")
    guard let list = value.arrayValue, list.count <= maxCategoryCount else { throw failure }
    for element in list {
      switch element {
      case .string(let name): guard !name.isEmpty, name.count <= maxNameLength else { throw failure }
      case .object(let pairs):
        guard !pairs.isEmpty,
          pairs.allSatisfy({ ($0.value.stringValue?.count).map { $0 <= maxTextLength } ?? false })
        else { throw failure }
      case .null, .bool, .int, .double, .array: throw failure
      }
    }
    return value
  }
}

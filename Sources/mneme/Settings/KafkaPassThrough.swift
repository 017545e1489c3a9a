/// Settings of librdkafka that are handed through under its own names.
enum KafkaPassThrough {
  /// What they begin with in the settings file.
  static let filePrefix = "kafka."
  private static let variablePrefix = "MNEME_KAFKA_"

  /// Flag before environment before file, as for our own.
  static func settings(
    flags: [String], environment: [String: String], file: [String: String]
  ) throws -> [String: String] {
    var settings: [String: String] = [:]
    for (key, value) in file where key.hasPrefix(filePrefix) {
      settings[String(key.dropFirst(filePrefix.count))] = value
    }
    let ours = Set(Setting.allCases.map(\.environmentVariable))
    for (name, value) in environment where name.hasPrefix(variablePrefix) && !ours.contains(name) && !value.isEmpty {
      settings[name.dropFirst(variablePrefix.count).lowercased().replacing("_", with: ".")] = value
    }
    for flag in flags {
      guard let equals = flag.firstIndex(of: "="), equals != flag.startIndex else {
        throw SettingsError("--kafka takes name=value, as in --kafka security.protocol=ssl")
      }
      settings[String(flag[..<equals])] = String(flag[flag.index(after: equals)...])
    }
    return settings
  }
}

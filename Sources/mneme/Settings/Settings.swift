import FoundationEssentials
import Logging
import Yams

/// A setting that cannot be used.
struct SettingsError: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}

/// The effective settings, and where each comes from.
struct Settings: Sendable {
  /// Where a value comes from.
  enum Origin: String, Sendable {
    case flag, environment, file
    case standard = "default"
  }

  private var values: [Setting: (value: String, origin: Origin)] = [:]
  /// Settings of librdkafka, by its names.
  let kafka: [String: String]

  /// Flag before environment before file before default.
  init(
    flags: [Setting: String], kafkaFlags: [String] = [], environment: [String: String], file: [String: String]
  ) throws {
    let known = Set(Setting.allCases.map(\.yamlKey))
    self.kafka = try KafkaPassThrough.settings(flags: kafkaFlags, environment: environment, file: file)
    let own = file.keys.filter { !$0.hasPrefix(KafkaPassThrough.filePrefix) }
    if let stranger = own.sorted().first(where: { !known.contains($0) }) {
      throw SettingsError("the settings file has a key \"\(stranger)\" that is not a setting; see mneme --help")
    }
    for setting in Setting.allCases {
      if let value = flags[setting] {
        values[setting] = (value, .flag)
      } else if let value = environment[setting.environmentVariable], !value.isEmpty {
        values[setting] = (value, .environment)
      } else if let value = file[setting.yamlKey] {
        values[setting] = (value, .file)
      } else if let name = setting.fallbackVariable, let value = environment[name], !value.isEmpty {
        values[setting] = (value, .environment)
      } else if let value = setting.defaultValue {
        values[setting] = (value, .standard)
      }
    }
  }

  /// From the command line, the process environment, and the settings file.
  static func load(_ options: SettingsOptions) throws -> Settings {
    let environment = ProcessInfo.processInfo.environment
    let named = options.config ?? environment["MNEME_CONFIG"]
    let path = named ?? "mneme.yaml"
    var file: [String: String] = [:]
    if named != nil || FileManager.default.fileExists(atPath: path) {
      file = try read(path)
    }
    return try Settings(flags: options.given, kafkaFlags: options.kafka, environment: environment, file: file)
  }

  private static func read(_ path: String) throws -> [String: String] {
    guard let data = FileManager.default.contents(atPath: path),
      let text = String(validating: data, as: UTF8.self)
    else { throw SettingsError("settings file \(path) cannot be read as UTF-8") }
    guard let node = try? Yams.compose(yaml: text) else {
      if text.allSatisfy(\.isWhitespace) { return [:] }
      throw SettingsError("settings file \(path) is not valid YAML")
    }
    guard let mapping = node.mapping else { throw SettingsError("settings file \(path) is not a list of key: value") }
    var result: [String: String] = [:]
    for (key, value) in mapping {
      guard let key = key.scalar?.string, let value = value.scalar?.string else {
        throw SettingsError("settings file \(path) holds more than plain key: value pairs")
      }
      result[key] = value
    }
    return result
  }

  /// The value; nil where it is not set and has no default.
  subscript(setting: Setting) -> String? { values[setting]?.value }

  /// Where the value comes from; nil where there is none.
  func origin(of setting: Setting) -> Origin? { values[setting]?.origin }

  /// The value of a setting that has a default.
  func text(_ setting: Setting) -> String {
    guard let value = self[setting] else { preconditionFailure("\(setting) has a default") }
    return value
  }

  /// A whole number in `range`.
  func integer(_ setting: Setting, in range: ClosedRange<Int>) throws -> Int {
    let text = text(setting)
    guard let value = Int(text), range.contains(value) else {
      throw SettingsError("\(setting.flag) must be a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    return value
  }

  /// `on` or `off`.
  func flag(_ setting: Setting) throws -> Bool {
    guard let value = ["on": true, "off": false][text(setting)] else {
      throw SettingsError("\(setting.flag) must be 'on' or 'off'")
    }
    return value
  }

  /// A time given in seconds, in `range`.
  func duration(_ setting: Setting, in range: ClosedRange<Double>) throws -> Duration {
    guard let value = Double(text(setting)), range.contains(value) else {
      throw SettingsError("\(setting.flag) must be a number of seconds from \(range.lowerBound) to \(range.upperBound)")
    }
    return .milliseconds(Int64(value * 1000))
  }

  /// The least level that is logged.
  func level() throws -> Logger.Level {
    guard let level = Logger.Level(rawValue: text(.logLevel)) else {
      throw SettingsError("\(Setting.logLevel.flag) must be one of \(Logger.Level.allCases.map(\.rawValue))")
    }
    return level
  }
}

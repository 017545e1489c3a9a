import MnemeCore
import MnemeQuery

extension Settings {
  /// Whose memories agents' tools are about.
  /// - Throws: `SettingsError`.
  func agents() throws -> AgentConfiguration {
    let name = self[.mcpOwner] ?? ""
    let owner = name.isEmpty ? nil : Owner(name)
    guard name.isEmpty || owner != nil else {
      throw SettingsError("\(Setting.mcpOwner.flag) must be user:ID, agent:ID or run:ID")
    }
    let allowsAnyOwner = try flag(.mcpAnyOwner)
    guard owner == nil || !allowsAnyOwner else {
      throw SettingsError(
        "\(Setting.mcpOwner.flag) fixes whose memories tools are about, \(Setting.mcpAnyOwner.flag) on lets them name "
          + "anybody; choose one")
    }
    return AgentConfiguration(owner: owner, allowsAnyOwner: allowsAnyOwner)
  }
}

import MnemeCore

/// Attributes with which an event says where it stands on the turns topic.
enum InputPosition {
  /// Of a command that passes through: the partition.
  static let partition = "turnspartition"
  /// Of a command that passes through: the offset.
  static let offset = "turnsoffset"
  /// Of a turn or command that was parked and put back: the offset at which it stood first.
  static let firstOffset = "firstoffset"

  /// The offset at which `event` stood first; nil where that is where it stands.
  static func firstOffset(of event: CloudEvent) -> Int64? { event.extensions[firstOffset].flatMap { Int64($0) } }
}

import MnemeCore

/// A request as clients before version 3 sent it, rewritten as the handlers of today read it: ids at the top become
/// filters, and conditions in a query become members of a body.
enum LegacyForm {
  /// What `members` mean today.
  /// - Throws: `RequestFailure` where an id is no text.
  static func current(_ members: Members) throws -> Members {
    var object = members.object
    var conditions: [JSONValue] = []
    for name in TurnForm.idNames + ["session_id"] {
      guard let id = try members.id(name) else { continue }
      object[name] = nil
      conditions.append([name: .string(id)])
    }
    if let filters = members.any("filters"), filters != [:] { conditions.append(filters) }
    object["filters"] = conditions.count == 1 ? conditions[0] : conditions.isEmpty ? nil : ["AND": .array(conditions)]
    return Members(object, of: nil)
  }

  /// Names of a query that hold a list, each of whose elements is given by itself.
  private static let listNames: Set<String> = ["categories", "fields"]
  /// Names of a query that hold an object, as JSON or as Python prints it.
  private static let objectNames: Set<String> = ["filters", "metadata"]
  private static let numberNames: Set<String> = ["page", "page_size", "top_k", "limit"]
  private static let flagNames: Set<String> = ["show_expired", "latest_only", "include_ended"]
  private static let timeNames: Set<String> = ["start_date", "end_date", "as_of", "valid_at", "reference_date"]
  private static let textNames: Set<String> = Set(TurnForm.idNames + ["session_id", "keywords", "min_position"])
  /// Names that choose no memories.
  private static let otherNames: Set<String> = [
    "org_id", "project_id", "output_format", "version", "api_version", "async_mode", "enable_graph",
  ]

  /// The members that a query means.
  /// - Parameter names: Further ones, which the caller reads by itself.
  /// - Throws: `RequestFailure`, also where a name is not known, as it may be a condition.
  static func members(of target: RequestTarget, except names: Set<String> = []) throws -> Members {
    var object: [String: JSONValue] = [:]
    for name in Set(target.parameters.map(\.name)).subtracting(names) {
      switch name {
      case _ where listNames.contains(name): object[name] = .array(target.values(name).map(JSONValue.string))
      case _ where objectNames.contains(name):
        object[name] = try target.value(name).map { .object(try DeletionForm.object($0, name)) }
      case _ where numberNames.contains(name):
        object[name] = try target.integer(name, in: 0...Int(Int32.max)).map { .int(Int64($0)) }
      case _ where flagNames.contains(name): object[name] = try target.flag(name).map(JSONValue.bool)
      case _ where timeNames.contains(name):
        object[name] = try target.time(name).map { .string($0.description) }
      case _ where textNames.contains(name): object[name] = try target.value(name).map(JSONValue.string)
      case _ where otherNames.contains(name): continue
      default: throw RequestFailure.invalid("a query parameter is not known here; it may be a condition")
      }
    }
    return Members(object, of: nil)
  }
}

import FoundationEssentials
import GRDB
import MnemeCore

/// Functions that filters need and SQLite lacks.
enum FilterFunctions {
  /// Text in lower case, by Unicode.
  static let folded = "mneme_folded"
  /// A memory's id as text.
  static let idText = "mneme_id_text"
  /// A memory's id from text; NULL where it is none.
  static let idBytes = "mneme_id_bytes"
  /// `json_type` and `json_extract` for member names that SQLite's paths cannot express.
  static let metadataType = "mneme_metadata_type"
  static let metadataValue = "mneme_metadata_value"

  /// Makes them known to a connection.
  static func register(in database: Database) {
    for function in all { database.add(function: function) }
  }

  private static var all: [DatabaseFunction] {
    [
      DatabaseFunction(folded, argumentCount: 1, pure: true) { values in
        String.fromDatabaseValue(values[0]).map(FilterText.folded)
      },
      DatabaseFunction(idText, argumentCount: 1, pure: true) { values in
        UUID.fromDatabaseValue(values[0])?.text
      },
      DatabaseFunction(idBytes, argumentCount: 1, pure: true) { values in
        String.fromDatabaseValue(values[0]).flatMap(UUID.init(uuidString:))
      },
      DatabaseFunction(metadataType, argumentCount: 2, pure: true) { values in
        member(values).map(typeName)
      },
      DatabaseFunction(metadataValue, argumentCount: 2, pure: true) { values in
        member(values).flatMap(scalar)
      },
    ]
  }

  private static func member(_ values: [DatabaseValue]) -> JSONValue? {
    guard let text = String.fromDatabaseValue(values[0]), let path = String.fromDatabaseValue(values[1]),
      let object = StoredJSON.decode(text),
      let names = (try? JSONDecoder().decode([String].self, from: Data(path.utf8)))?.map(StoredText.decode)
    else { return nil }
    var value = JSONValue.object(object)
    for name in names {
      guard let member = value[name] else { return nil }
      value = member
    }
    return value
  }

  private static func typeName(_ value: JSONValue) -> String {
    switch value {
    case .null: "null"
    case .bool(let value): value ? "true" : "false"
    case .int: "integer"
    case .double: "real"
    case .string: "text"
    case .array: "array"
    case .object: "object"
    }
  }

  private static func scalar(_ value: JSONValue) -> (any DatabaseValueConvertible)? {
    switch value {
    case .null: nil
    case .bool(let value): value
    case .int(let value): value
    case .double(let value): value
    case .string(let text): StoredText.encode(text)
    case .array(let elements): StoredJSON.encode(elements)
    case .object(let members): StoredJSON.encode(members)
    }
  }
}

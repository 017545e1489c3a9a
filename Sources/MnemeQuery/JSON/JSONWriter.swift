import MnemeCore

/// Writes JSON compactly, members in order of name, so that equal values have equal bytes.
enum JSONWriter {
  /// The value as JSON in UTF-8. A number that JSON lacks becomes null.
  static func write(_ value: JSONValue) -> [UInt8] { write(.value(value)) }

  /// The same.
  static func write(_ value: JSONOutput) -> [UInt8] {
    var output: [UInt8] = []
    output.reserveCapacity(512)
    append(value, to: &output)
    return output
  }

  private static func append(_ value: JSONOutput, to output: inout [UInt8]) {
    switch value {
    case .value(let value): append(value, to: &output)
    case .array(let elements):
      list(elements, "[", "]", to: &output) { append($0, to: &$1) }
    case .object(let members):
      list(members.members.sorted(by: { $0.name < $1.name }), "{", "}", to: &output) { member, output in
        append(member.name, to: &output)
        output.append(UInt8(ascii: ":"))
        append(member.value, to: &output)
      }
    }
  }

  private static func append(_ value: JSONValue, to output: inout [UInt8]) {
    switch value {
    case .null: output.append(contentsOf: "null".utf8)
    case .bool(let value): output.append(contentsOf: (value ? "true" : "false").utf8)
    case .int(let value): output.append(contentsOf: String(value).utf8)
    case .double(let value): output.append(contentsOf: (value.isFinite ? value.description : "null").utf8)
    case .string(let value): append(value, to: &output)
    case .array(let elements):
      list(elements, "[", "]", to: &output) { append($0, to: &$1) }
    case .object(let members):
      list(members.sorted(by: { $0.key < $1.key }), "{", "}", to: &output) { member, output in
        append(member.key, to: &output)
        output.append(UInt8(ascii: ":"))
        append(member.value, to: &output)
      }
    }
  }

  /// What `append` makes of each element, between commas and brackets.
  @inline(__always)
  private static func list<Element>(
    _ elements: [Element], _ opening: Unicode.Scalar, _ closing: Unicode.Scalar, to output: inout [UInt8],
    _ append: (Element, inout [UInt8]) -> Void
  ) {
    output.append(UInt8(ascii: opening))
    var isFirst = true
    for element in elements {
      if !isFirst { output.append(UInt8(ascii: ",")) }
      isFirst = false
      append(element, &output)
    }
    output.append(UInt8(ascii: closing))
  }

  private static let hexadecimalDigits = Array("0123456789abcdef".utf8)

  private static func append(_ text: String, to output: inout [UInt8]) {
    output.append(UInt8(ascii: "\""))
    var text = text
    text.withUTF8 { utf8 in
      var isPlain = true
      for index in utf8.indices where isEscaped(unsafe utf8[index]) { isPlain = false }
      if isPlain {
        unsafe output.append(contentsOf: utf8)
      } else {
        for index in utf8.indices { append(escaping: unsafe utf8[index], to: &output) }
      }
    }
    output.append(UInt8(ascii: "\""))
  }

  private static func isEscaped(_ byte: UInt8) -> Bool {
    byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
  }

  private static func append(escaping byte: UInt8, to output: inout [UInt8]) {
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"): output.append(contentsOf: [UInt8(ascii: "\\"), byte])
    case 0x0a: output.append(contentsOf: "\\n".utf8)
    case 0x0d: output.append(contentsOf: "\\r".utf8)
    case 0x09: output.append(contentsOf: "\\t".utf8)
    case 0..<0x20:
      output.append(contentsOf: "\\u00".utf8)
      output.append(hexadecimalDigits[Int(byte >> 4)])
      output.append(hexadecimalDigits[Int(byte & 15)])
    default: output.append(byte)
    }
  }
}

import MnemeCore
import Testing

@testable import MnemeQuery

@Suite struct JSONParserTests {
  static let valid: [(String, JSONValue)] = [
    ("null", JSONValue.null), (" true ", true), ("-0", 0), ("9223372036854775807", 9_223_372_036_854_775_807),
    ("-9223372036854775808", .int(.min)), ("1.5", .double(1.5)), ("1e3", .double(1000)), ("0.1E-2", .double(0.001)),
    (#""a\"\\\/\b\f\n\r\t\u0041\u00e9\ud83d\ude00""#, "a\"\\/\u{8}\u{c}\n\r\tAé😀"), ("\"żółw\"", "żółw"),
    ("[]", []), ("{}", [:]), (#"{"a":[1,{"b":null}],"":2}"#, ["a": [1, ["b": nil]], "": 2]), ("\t[1 ,\n2]\r", [1, 2]),
  ]

  @Test(arguments: valid)
  func `valid JSON is read`(text: String, value: JSONValue) throws {
    #expect(try JSONParser.parse(Array(text.utf8)) == value)
  }

  static let invalid: [(String, String)] = [
    ("", "the document ends early at byte 0"), ("[1,", "the document ends early at byte 3"),
    ("[1 2]", "',' or ']' is missing at byte 3"), ("{\"a\" 1}", "':' is missing at byte 5"),
    ("{\"a\":1,}", "a member's name is missing at byte 7"), ("{a:1}", "a member's name is missing at byte 1"),
    ("[1,]", "no JSON value begins at byte 3"), ("tru", "no JSON value begins at byte 0"),
    ("True", "no JSON value begins at byte 0"), ("{'a':1}", "a member's name is missing at byte 1"),
    ("01", "a number is malformed at byte 0"), ("-", "a number is malformed at byte 0"),
    ("1.", "a number is malformed at byte 0"), ("1e", "a number is malformed at byte 0"),
    ("+1", "no JSON value begins at byte 0"), ("NaN", "no JSON value begins at byte 0"),
    ("1e999", "a number is out of range at byte 0"), ("9223372036854775808", "an integer exceeds 64 bits at byte 0"),
    ("\"a", "a string does not end at byte 0"), ("\"\\", "a string does not end at byte 1"),
    ("\"\\x\"", "an escape is malformed at byte 1"), ("\"\\u12g4\"", "an escape is malformed at byte 1"),
    ("\"\\ud800\"", "half a surrogate pair stands alone at byte 1"),
    ("\"\\udc00\"", "half a surrogate pair stands alone at byte 1"),
    ("\"\\ud800\\u0041\"", "half a surrogate pair stands alone at byte 1"),
    ("\"a\nb\"", "a control character stands in a string at byte 2"),
    ("{\"a\":1,\"a\":2}", "a member's name is repeated at byte 7"), ("1 1", "something follows the document at byte 2"),
    ("[" + String(repeating: "1", count: 600) + "]", "a number is longer than 512 bytes at byte 1"),
  ]

  @Test(arguments: invalid)
  func `anything else is refused with its place`(text: String, message: String) {
    #expect { try JSONParser.parse(Array(text.utf8)) } throws: { "\($0)" == message }
  }

  @Test func `bytes that are no UTF-8 are refused`() {
    for bytes: [UInt8] in [[0xff], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xe2, 0x82]] {
      #expect(throws: JSONSyntaxError(reason: "a string is no valid UTF-8", offset: 0)) {
        try JSONParser.parse([0x22] + bytes + [0x22])
      }
    }
  }

  @Test func `nesting is read up to its bound and refused beyond`() throws {
    func nested(_ depth: Int) -> [UInt8] {
      [UInt8](repeating: UInt8(ascii: "["), count: depth) + [UInt8](repeating: UInt8(ascii: "]"), count: depth)
    }
    #expect(throws: Never.self) { try JSONParser.parse(nested(JSONParser.maxDepth)) }
    #expect(throws: JSONSyntaxError.self) { try JSONParser.parse(nested(JSONParser.maxDepth + 1)) }
    #expect(throws: JSONSyntaxError.self) {
      try JSONParser.parse([UInt8](repeating: UInt8(ascii: "["), count: 1 << 20))
    }
  }

  @Test func `what is written is read back, whatever it is`() throws {
    for seed in UInt64(1)...300 {
      var random = Random(seed: seed)
      let value = random.value(depth: 0)
      #expect(try JSONParser.parse(JSONWriter.write(value)) == value, "seed \(seed)")
    }
  }

  @Test func `no bytes crash the reader`() {
    for seed in UInt64(1)...2000 {
      var random = Random(seed: seed)
      var bytes = JSONWriter.write(random.value(depth: 0))
      for _ in 0..<(1 + random.below(3)) where !bytes.isEmpty {
        bytes[random.below(bytes.count)] = UInt8(truncatingIfNeeded: random.next())
      }
      _ = try? JSONParser.parse(Array(bytes.prefix(random.below(bytes.count + 1))))
      _ = try? PythonLiteral.parse(String(decoding: bytes, as: UTF8.self))
    }
  }

  @Test func `members are written in order of name, and what JSON lacks as null`() {
    let value: JSONValue = ["b": .double(.nan), "a": .double(.infinity), "c": "\u{1}\"\\\n"]
    #expect(String(decoding: JSONWriter.write(value), as: UTF8.self) == #"{"a":null,"b":null,"c":"\u0001\"\\\n"}"#)
  }
}

@Suite struct PythonLiteralTests {
  static let literals: [(String, JSONValue)] = [
    ("{'user_id': 'alice'}", ["user_id": "alice"]),
    (
      "{'a': True, 'b': False, 'c': None, 'd': -1, 'e': 1.5, 'f': 1e-07}",
      ["a": true, "b": false, "c": nil, "d": -1, "e": .double(1.5), "f": .double(1e-07)]
    ),
    (#"{"it's": 'a "b" c', 'x': 'it\'s'}"#, ["it's": "a \"b\" c", "x": "it's"]),
    (#"{'x': '\n\t\\\x00\xe9\u20ac\U0001f600'}"#, ["x": "\n\t\\\0é€😀"]),
    (
      "{'AND': [{'user_id': 'a'}, {'run_id': {'in': ['r', ]}}]}",
      ["AND": [["user_id": "a"], ["run_id": ["in": ["r"]]]]]
    ),
    ("{'x': ('a', 'b')}", ["x": ["a", "b"]]), ("{}", [:]), ("{'ż': 'ółw'}", ["ż": "ółw"]),
  ]

  @Test(arguments: literals)
  func `what repr prints is read`(text: String, value: JSONValue) throws {
    #expect(try PythonLiteral.parse(text) == value)
  }

  @Test(arguments: [
    "", "{", "{'a'}", "{'a': }", "{'a': b}", "{a: 1}", "{1: 'a'}", "{'a': 1} or {}", "__import__('os')",
    "{'a': 'b' 'c'}", "{'a': f'b'}", "{'a': 1, 'a': 2}", "{'a': '\n'}", "{'a': '\\q'}", "{'a': 1+1}", "{'a': .}",
    "{'a': 9223372036854775808}", "{'a': inf}", "{'a': 1 if True else 2}", "{**{}}", "{'a': '\\ud800'}",
    String(repeating: "[", count: 100_000),
  ])
  func `anything that is no plain literal is refused`(text: String) {
    #expect(throws: JSONSyntaxError.self) { try PythonLiteral.parse(text) }
  }
}

/// SplitMix64 (Steele, Lea and Flood, 2014), and JSON values from it.
struct Random {
  private var state: UInt64

  init(seed: UInt64) { self.state = seed }

  mutating func next() -> UInt64 {
    self.state &+= 0x9e37_79b9_7f4a_7c15
    var word = self.state
    word = (word ^ (word >> 30)) &* 0xbf58_476d_1ce4_e5b9
    word = (word ^ (word >> 27)) &* 0x94d0_49bb_1331_11eb
    return word ^ (word >> 31)
  }

  mutating func below(_ count: Int) -> Int { Int(self.next() % UInt64(count)) }

  mutating func text() -> String {
    let alphabet = Array("ab\"\\\n\u{1}é€😀/\0\u{7f}")
    return String((0..<self.below(8)).map { _ in alphabet[self.below(alphabet.count)] })
  }

  mutating func value(depth: Int) -> JSONValue {
    switch self.below(depth > 4 ? 5 : 7) {
    case 0: return .null
    case 1: return .bool(self.below(2) == 0)
    case 2: return .int(Int64(bitPattern: self.next() >> UInt64(self.below(64))))
    case 3: return .double(Double(self.below(1000)) + 0.125 * Double(1 + self.below(7)))
    case 4: return .string(self.text())
    case 5: return .array((0..<self.below(4)).map { _ in self.value(depth: depth + 1) })
    default:
      var members: [String: JSONValue] = [:]
      for _ in 0..<self.below(4) { members[self.text()] = self.value(depth: depth + 1) }
      return .object(members)
    }
  }
}

@Suite struct JSONOutputTests {
  @Test func `an object on its way out is written as the same value would be`() {
    let texts = ["", "plain", "a \"quoted\" \\ text", "line\nbreak\u{1}", "żółw 東京"]
    var members = JSONMembers(minimumCapacity: 8)
    var same: [String: JSONValue] = [:]
    for (index, name) in ["b", "a", "ab", "structured_attributes", "é", "\"", "Z"].enumerated() {
      let text = texts[index % texts.count]
      members.add(
        name, .array([.string(text), .object(["z": .int(Int64(index)), "a": .value(["k": .null])]), .double(0.5)]))
      same[name] = [.string(text), ["z": .int(Int64(index)), "a": ["k": .null]], .double(0.5)]
    }
    let (written, kept) = (JSONWriter.write(JSONOutput.object(members)), members.filter { $0 == "ab" })
    let expected: [UInt8] = JSONWriter.write(JSONValue.object(same))
    #expect(written == expected)
    let expectedKept: [UInt8] = JSONWriter.write(JSONValue.object(same.filter { $0.key == "ab" }))
    #expect(JSONWriter.write(JSONOutput.object(kept)) == expectedKept)
  }
}

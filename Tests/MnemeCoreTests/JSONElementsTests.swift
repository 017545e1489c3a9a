import MnemeCore
import Testing

/// Documents of many memories, taken apart.
@Suite struct JSONElementsTests {
  static let documents: [(text: String, elements: [String], isComplete: Bool)] = [
    ("", [], true), (" \n ", [], true), ("[]", [], true), ("{}", ["{}"], true), ("[ ]\n", [], true),
    (#"[{"a":1},{"b":[1,{"c":2}]}]"#, [#"{"a":1}"#, #"{"b":[1,{"c":2}]}"#], true),
    (#"[ {"a" : "x, ] } \" [ " } , 5 ]"#, [#"{"a" : "x, ] } \" [ " }"#, "5"], true),
    (#"{"count":2,"next":null,"results":[{"a":1},{"b":2}],"previous":{"x":[1]}}"#, [#"{"a":1}"#, #"{"b":2}"#], true),
    (#"{"results":[]}"#, [], true), (#"{"results":{"a":[1]}}"#, [#"{"results":{"a":[1]}}"#], true),
    (#"{"a":{"results":[1]}}"#, [#"{"a":{"results":[1]}}"#], true),
    (#"{"a":"results","b":[1]}"#, [#"{"a":"results","b":[1]}"#], true),
    (#"{"a":["results"],"b":[1]}"#, [#"{"a":["results"],"b":[1]}"#], true),
    ("{\"a\":1}\n{\"b\":2}\n", [#"{"a":1}"#, #"{"b":2}"#], true),
    (#"{"a":1}{"b":2}"#, [#"{"a":1}"#, #"{"b":2}"#], true),
    (#"[{"a":1}] [{"b":2}] {"results":[3]} {"c":4}"#, [#"{"a":1}"#, #"{"b":2}"#, "3", #"{"c":4}"#], true),
    // What is no JSON is handed out, or ends early: its reader says what is wrong with it.
    (#"[{"a":1},nonsense,{"b":2}]"#, [#"{"a":1}"#, "nonsense", #"{"b":2}"#], true), ("nonsense", ["nonsense"], true),
    ("]", ["]"], true), ("[}]", [], true), (#"[{"a":1},{"b":"#, [#"{"a":1}"#], false), (#"[{"a":1}"#, [], false),
    (#"["a"#, [], false), (#"{"results":[{"a":1},"#, [#"{"a":1}"#], false),
  ]

  @Test(arguments: documents)
  func elementsComeOutWhateverThePieces(text: String, elements: [String], isComplete: Bool) {
    for size in [1, 2, 3, 7, 1000] {
      var reader = JSONElements()
      var found: [String] = []
      func take(_ element: JSONElements.Element) {
        switch element {
        case .bytes(let bytes): found.append(String(decoding: bytes, as: UTF8.self))
        case .tooLarge: found.append("too large")
        }
      }
      let bytes = Array(text.utf8)
      for start in stride(from: 0, to: bytes.count, by: size) {
        reader.read(Array(bytes[start..<min(start + size, bytes.count)]), take)
      }
      let end = reader.finish(take)
      #expect(end == isComplete, "\(text)")
      if text != "[}]" { #expect(found == elements, "\(text), \(size) bytes at a time") }
    }
  }

  @Test func anElementThatIsTooLargeIsToldAndTheNextOneRead() {
    var reader = JSONElements()
    var found: [JSONElements.Element] = []
    reader.read(Array(#"["a",""#.utf8)) { found.append($0) }
    let piece = [UInt8](repeating: UInt8(ascii: "x"), count: 1 << 20)
    for _ in 0..<5 { reader.read(piece) { found.append($0) } }
    reader.read(Array(#"","b"]"#.utf8)) { found.append($0) }
    let isComplete = reader.finish { found.append($0) }
    #expect(isComplete)
    #expect(found == [.bytes(Array(#""a""#.utf8)), .tooLarge, .bytes(Array(#""b""#.utf8))])
  }
}

import Foundation
import MnemeCore
import Testing

/// Pickles as CPython 3.11 writes them, and bytes that nobody should.
@Suite struct PickleTests {
  /// `pickle.dumps(value, protocol=…)` of 2 and 4, in hexadecimal, and the value.
  static let values: [(pickle: String, value: JSONValue)] = [
    ("80024e2e", nil),
    ("8002882e", true),
    ("8002892e", false),
    ("80024b002e", 0),
    ("80024b072e", 7),
    ("80024bff2e", 255),
    ("80024dffff2e", 65_535),
    ("80049504000000000000004dffff2e", 65_535),
    ("80024affffffff2e", -1),
    ("80049506000000000000004affffffff2e", -1),
    ("80024a7fffffff2e", -129),
    ("80049506000000000000004a7fffffff2e", -129),
    ("80028a0500000080002e", 2_147_483_648),
    ("80049508000000000000008a0500000080002e", 2_147_483_648),
    ("80028a0500000000012e", 4_294_967_296),
    ("80049508000000000000008a0500000000012e", 4_294_967_296),
    ("80028a08ffffffffffffff7f2e", .int(.max)),
    ("8004950b000000000000008a08ffffffffffffff7f2e", .int(.max)),
    ("80028a0800000000000000802e", .int(.min)),
    ("8004950b000000000000008a0800000000000000802e", .int(.min)),
    ("800247c0040000000000002e", .double(-2.5)),
    ("8004950a0000000000000047c0040000000000002e", .double(-2.5)),
    ("80025803000000e2989571002e", "☕"),
    ("80049507000000000000008c03e29895942e", "☕"),
    ("8002580000000071002e", ""),
    ("80049504000000000000008c00942e", ""),
    (
      "80025d7100284b015d71014b0261297d710258010000006171037d710458010000006271054e7373652e",
      [1, [2], [], ["a": ["b": nil]]]
    ),
    (
      "8004951c000000000000005d94284b015d944b0261297d948c0161947d948c0162944e7373652e", [1, [2], [], ["a": ["b": nil]]]
    ),
    ("80024b018571002e", [1]),
    ("80049505000000000000004b0185942e", [1]),
    ("80024b014b028671002e", [1, 2]),
    ("80049507000000000000004b014b0286942e", [1, 2]),
    ("80024b014b024b038771002e", [1, 2, 3]),
    ("80049509000000000000004b014b024b0387942e", [1, 2, 3]),
    ("8002284b014b024b034b047471002e", [1, 2, 3, 4]),
    ("8004950c00000000000000284b014b024b034b0474942e", [1, 2, 3, 4]),
    ("80025d7100285d71014b01616801652e", [[1], [1]]),
    ("8004950c000000000000005d94285d944b01616801652e", [[1], [1]]),
    ("80049507000000000000008f94284b01902e", [1]),
    ("80027d7100284b034b0458010000007871014b05752e", ["3": 4, "x": 5]),
    ("8004950f000000000000007d94284b034b048c0178944b05752e", ["3": 4, "x": 5]),
    ("800263636f6c6c656374696f6e730a4f726465726564446963740a71002952710158010000006b71024b01732e", ["k": 1]),
    (
      "80049529000000000000008c0b636f6c6c656374696f6e73948c0b4f726465726564446963749493942952948c016b944b01732e",
      ["k": 1]
    ),
    ("8004950600000000000000284b0191942e", [1]),
    // By hand: 0 is pushed and popped, what stands after a mark is dropped, and a 1 is doubled.
    ("80045d284b0030284b024b03314b0132652e", [1, 1]),
    // A byte string for each length of its length, before a value.
    ("80044301ff3042010000" + "00ff304e2e", nil), ("80048e0100000000000000ff30960100000000000000ff304e2e", nil),
    // The long forms of memory and of a text's length.
    ("80045d7200010000304a010000006a000100002e", []), ("80048d01000000000000" + "00612e", "a"),
  ]

  static func bytes(_ hexadecimal: String) -> [UInt8] {
    let digits = Array(hexadecimal)
    return stride(from: 0, to: digits.count - 1, by: 2).compactMap { UInt8(String(digits[$0...$0 + 1]), radix: 16) }
  }

  static func json(_ bytes: [UInt8]) throws -> JSONValue {
    let pickle = try Pickle(bytes)
    return try pickle.json(pickle.root)
  }

  @Test(arguments: values)
  func aValueIsRead(pickle: String, value: JSONValue) throws {
    #expect(try Self.json(Self.bytes(pickle)) == value)
  }

  /// A point as qdrant-client 1.20.0 stores it for mem0 2.2.1: a `PointStruct`, of pydantic.
  static let point = bytes(
    "800495b8010000000000008c20716472616e745f636c69656e742e687474702e6d6f64656c732e6d6f64656c73948c0b506f696e"
      + "745374727563749493942981947d94288c085f5f646963745f5f947d94288c026964944b078c06766563746f72947d948c00945d"
      + "9428473fe000000000000047bfd0000000000000473ff000000000000047000000000000000065738c077061796c6f6164947d94"
      + "288c0464617461948c0d48617320616e206f6c64206964948c0468617368948c2030303030303030303030303030303030303030"
      + "30303030303030303030303030948c0a637265617465645f6174948c20323032342d30372d32305430313a33303a33362e323735"
      + "3134312d30373a3030948c0a757064617465645f6174948c20323032342d30372d32315430313a33303a33362e3237353134312d"
      + "30373a3030948c0f746578745f6c656d6d6174697a6564948c0d68617320616e206f6c64206964948c07757365725f6964944b2a"
      + "75758c125f5f707964616e7469635f65787472615f5f944e8c175f5f707964616e7469635f6669656c64735f7365745f5f948f94"
      + "28680c68086807908c145f5f707964616e7469635f707269766174655f5f944e75622e")

  @Test func theAttributesOfAnObjectAreReadAndItsClassIsAName() throws {
    let pickle = try Pickle(Self.point)
    let payload = try #require(pickle.attribute("payload", of: pickle.root))
    let members = try #require(try pickle.json(payload).objectValue)
    #expect(members["data"] == "Has an old id")
    #expect(members["user_id"] == 42)
    #expect(members["created_at"] == "2024-07-20T01:30:36.275141-07:00")
    #expect(members.count == 6)
    #expect(pickle.attribute("id", of: pickle.root) == .int(7))
    let vector = try #require(pickle.attribute("vector", of: pickle.root))
    #expect(try pickle.json(vector) == ["": [.double(0.5), .double(-0.25), .double(1), .double(0)]])
    #expect(pickle.attribute("nothing", of: pickle.root) == nil)
    guard case .object(let maker, _) = pickle.node(pickle.root)?.kind else {
      Issue.record("the point is no object")
      return
    }
    #expect(maker == .global("qdrant_client.http.models.models.PointStruct"))
    #expect(throws: PickleError.self) { try pickle.json(pickle.root) }
  }

  @Test func whatAskForACallIsNotCalled() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "mneme-pickle-\(UUID().uuidString)").path
    let command = "touch \(folder)"
    // os.system(command), in the old protocol with and in the new one without a line for each name.
    let calls = [
      Array("\u{80}".unicodeScalars.map { UInt8($0.value) }) + [2] + Array("cos\nsystem\n".utf8) + [0x58]
        + [UInt8(command.utf8.count), 0, 0, 0] + Array(command.utf8) + [0x85, 0x52, 0x2e],
      [0x80, 4, 0x8c, 5] + Array("posix".utf8) + [0x8c, 6] + Array("system".utf8) + [0x93, 0x8c]
        + [UInt8(command.utf8.count)] + Array(command.utf8) + [0x85, 0x52, 0x2e],
    ]
    for call in calls {
      let pickle = try Pickle(call)
      guard case .object(.global(let name), _) = pickle.node(pickle.root)?.kind else {
        Issue.record("the call is no object")
        continue
      }
      #expect(name.hasSuffix(".system"))
      #expect(throws: PickleError.self) { try pickle.json(pickle.root) }
    }
    #expect(!FileManager.default.fileExists(atPath: folder))
  }

  static let refused: [(name: String, pickle: String)] = [
    ("nothing", ""),
    ("no value", "80042e"),
    ("no end", "80044e"),
    ("a cut number", "80044b"),
    ("a cut text", "80048c05612e"),
    ("protocol 6", "80064e2e"),
    ("protocol 1", "80014e2e"),
    ("a value put into a number", "80044b014b01612e"),
    ("a value from under a mark", "80045d28612e"),
    ("a mark that is missing", "80045d652e"),
    ("a tuple without mark", "80044b01742e"),
    ("what was not remembered", "800468002e"),
    ("nor by a long number", "80046a000000012e"),
    ("a length beyond the end", "80048effffffffffffffff2e"),
    ("a length beyond any end", "80048dffffffffffffff7f2e"),
    ("an integer beyond the end", "80048bffffffff2e"),
    ("a text that is not UTF-8", "80048c02fffe2e"),
    ("a key without value", "80047d284b01752e"),
    ("a name that is a number", "80044b014b02932e"),
    ("an object known elsewhere", "8004512e"),
    ("a buffer from elsewhere", "8004972e"),
    ("the extension registry", "800482012e"),
    ("the oldest integers", "800449310a2e"),
    ("nothing to pop", "8004304e2e"),
    ("nothing to remember", "8004944e2e"),
    ("nothing to call", "8004522e"),
    ("a state for nothing", "80044e622e"),
    ("a state for a number", "80044b014b02622e"),
    ("a global without a name", "8004636f732e"),
    ("two values too few", "80044b01862e"),
  ]

  @Test(arguments: refused)
  func whatIsNoPickleOfPlainDataIsRefused(name: String, pickle: String) {
    #expect(throws: PickleError.self, "\(name)") { try Pickle(Self.bytes(pickle)) }
  }

  @Test func whatNeedsNoEndOfMemoryNeedsNone() throws {
    // A list in itself, lists a hundred thousand deep, and one that doubles sixty times.
    let circle: [UInt8] = [0x80, 4, 0x5d, 0x94, 0x68, 0, 0x61, 0x2e]
    let count = 100_000
    let deep: [UInt8] =
      [0x80, 4] + [UInt8](repeating: 0x5d, count: count) + [UInt8](repeating: 0x61, count: count - 1) + [0x2e]
    var doubled: [UInt8] = [0x80, 4, 0x5d, 0x94]
    for level in UInt8(0)..<60 { doubled += [0x5d, 0x94, 0x28, 0x68, level, 0x68, level, 0x65] }
    for bytes in [circle, deep, doubled + [0x2e]] {
      let pickle = try Pickle(bytes)
      #expect(throws: PickleError.self) { try pickle.json(pickle.root) }
    }
    #expect(throws: PickleError.self) { try Pickle([UInt8](repeating: 0x4e, count: Pickle.maxByteCount + 1)) }
  }

  @Test(arguments: 0..<4)
  func brokenPicklesEndInAnErrorOrAValue(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    for _ in 0..<2000 {
      var bytes = Self.point
      for _ in 0...random.below(3) { bytes[random.below(bytes.count)] = UInt8(truncatingIfNeeded: random.next()) }
      if random.below(3) == 0 { bytes.removeLast(random.below(bytes.count)) }
      guard let pickle = try? Pickle(bytes) else { continue }
      _ = try? pickle.json(pickle.attribute("payload", of: pickle.root) ?? pickle.root)
    }
  }
}

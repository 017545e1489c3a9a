import FoundationEssentials
import MnemeCore
import Testing

@Suite struct IdentityTests {
  /// The values that Apache Kafka's own `UtilsTest.testMurmur2` expects.
  @Test(arguments: [
    ("21", -973_932_308), ("foobar", -790_332_482), ("a-little-bit-long-string", -985_981_536),
    ("a-little-bit-longer-string", -1_486_304_829),
    ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971), ("abc", 479_470_107),
  ])
  func hashesKeysAsKafkaDoes(key: String, hash: Int32) {
    #expect(Int32(bitPattern: Partitioner.murmur2(Array(key.utf8))) == hash)
  }

  @Test func spreadsKeysOverAllPartitions() {
    let partitions = (0..<1000).map { Partitioner.partition(key: Array("default/user:\($0)".utf8), count: 4) }
    #expect(Set(partitions) == [0, 1, 2, 3])
  }

  @Test(arguments: ["default/user:alex", "t/agent:a/b:c", "t/run: ", "t/user:ä/ö"])
  func ownerKeysReadWhatTheyWrite(text: String) {
    #expect(OwnerKey(text)?.description == text)
  }

  @Test(arguments: ["", "/user:a", "t/user:", "t/person:a", "t", "tuser:a", "t/"])
  func refusesOtherKeys(text: String) {
    #expect(OwnerKey(text) == nil)
  }

  @Test func aUserAndAnAgentOfTheSameNameAreTwoOwners() {
    #expect(Scope(userID: "x").owner != Scope(agentID: "x").owner)
    #expect(Scope(userID: "u", agentID: "a", runID: "r").owner == Owner(kind: .user, id: "u"))
    #expect(Scope(agentID: "a", runID: "r").owner == Owner(kind: .agent, id: "a"))
    #expect(Scope(appID: "p", runID: "r").owner == Owner(kind: .run, id: "r"))
    #expect(Scope(appID: "p").owner == Owner(kind: .app, id: "p"))
    #expect(Scope().owner == nil)
  }

  @Test(arguments: [
    Scope(), Scope(appID: ""), Scope(userID: ""), Scope(userID: "*"), Scope(userID: "a\u{0}b"),
    Scope(userID: String(repeating: "x", count: 257)), Scope(userID: "ok", runID: "line\nbreak"),
  ])
  func refusesScopesThatCannotBeStored(scope: Scope) {
    #expect(scope.violation != nil)
  }

  /// RFC 9562 has version and variant in fixed places; the rest must only repeat and differ.
  @Test func derivedIdsRepeatAndDiffer() {
    let id = Derivation.uuid("memory", "t/user:a", "e1", "0")
    #expect(id == Derivation.uuid("memory", "t/user:a", "e1", "0"))
    #expect(id != Derivation.uuid("memory", "t/user:a", "e1", "1"))
    #expect(id.text.split(separator: "-")[2].first == "5")
  }

  @Test func hashesAsTheStandardSays() {
    #expect(Derivation.sha256("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
  }
}

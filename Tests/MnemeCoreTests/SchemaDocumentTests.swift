import FoundationEssentials
import MnemeCore
import Testing

/// Memories in the form that a schema names.
@Suite struct SchemaDocumentTests {
  static func memory(
    _ text: String, _ day: Int, _ category: String = "misc", slot: String? = nil, value: String? = nil,
    polarity: Polarity = .positive, subject: String = "user", metadata: [String: JSONValue]? = nil
  ) -> Memory {
    let time = ResolutionTests.time(day)
    return Memory(
      id: Derivation.uuid("schema", text), text: text, category: category, scope: Scope(userID: "ann"), actor: "user",
      subject: subject, attribute: slot, value: value, polarity: polarity, confidence: 0.5,
      validFrom: Moment(time, .stated), validTo: nil, sources: [], metadata: metadata, expiresAt: nil, recipe: "test",
      recordedAt: time, updatedAt: time)
  }

  static let memories = [
    memory("Name is Ann", 1, "personal_details", slot: "name", value: "Ann"),
    memory("Lives in Berlin", 5, "personal_details", slot: "home", value: "Berlin"),
    memory("Lived in Rome", 2, "personal_details", slot: "home", value: "Rome"),
    memory("Bo lives in Oslo", 9, "family", slot: "home", value: "Oslo", subject: "Bo"),
    memory("Is 34 years old", 3, "personal_details", slot: "age", value: "34 years"),
    memory("Likes tea", 4, "food", slot: "likes", value: "tea"),
    memory("Does not like rye", 6, "food", slot: "likes", value: "rye", polarity: .negative),
    memory("Climbs on Sundays", 7, "hobbies", slot: "hobby", value: "climbing"),
    memory("Collects maps", 8, "hobbies", metadata: ["plan_tier": "GOLD", "seats": 3, "address": ["zip": "1"]]),
  ]

  static let cases: [(String, JSONValue, JSONValue)] = [
    ("name", ["type": "string"], "Ann"), ("fullName", ["type": "string"], "Ann"),
    ("home", ["type": "string"], "Berlin"),
    ("City", ["anyOf": [["type": "null"], ["type": "string"]]], "Berlin"), ("user_name", [:], "Ann"),
    ("age", ["type": "integer"], 34), ("age", ["type": ["null", "number"]], .double(34)),
    ("age", ["type": "boolean"], nil), ("age", ["type": "boolean", "default": false], false),
    ("likes", ["type": "array", "items": ["type": "string"]], ["tea"]),
    ("dislikes", ["type": "array"], ["rye"]), ("hobbies", ["type": "array"], ["Collects maps", "climbing"]),
    ("food", ["type": "string"], "Does not like rye; Likes tea"),
    ("plan_tier", ["type": "string", "enum": ["silver", "gold"]], "gold"),
    ("planTier", ["type": "string", "enum": ["silver"]], nil), ("seats", ["type": "integer"], 3),
    ("seats", ["type": "string"], "3"), ("seats", ["type": "number"], 3),
    ("tier", ["$ref": "#/$defs/Tier"], "free"), ("plan_tier", ["$ref": "#/$defs/Tier"], "GOLD"),
    ("circle", ["$ref": "#/$defs/Circle"], nil), ("lost", ["$ref": "#/nowhere"], nil),
    ("remote", ["$ref": "x.json"], nil),
    ("address", ["type": "object"], ["zip": "1"]), ("unknown", ["type": "object"], nil),
    (
      "person", ["properties": ["name": ["type": "string"], "shoe": ["type": "number"]]], ["name": "Ann", "shoe": nil]
    ),
    ("unknown", ["type": "string"], nil), ("unknown", ["type": "array"], []),
    ("unknown", ["type": "array", "default": ["a"]], ["a"]),
    (
      "homes",
      ["type": "array", "items": ["properties": ["value": ["type": "string"], "memory": ["type": "string"]]]],
      [["value": "Berlin", "memory": "Lives in Berlin"], ["value": "Rome", "memory": "Lived in Rome"]]
    ),
  ]

  @Test(arguments: cases)
  func `a property is filled from what is called like it`(name: String, schema: JSONValue, expected: JSONValue) throws {
    let whole: JSONValue = [
      "$defs": [
        "Tier": ["type": "string", "default": "free"], "Circle": ["$ref": "#/$defs/Circle"],
      ],
      "properties": .object([name: schema]),
    ]
    #expect(try SchemaDocument.fill(whole, from: Self.memories) == .object([name: expected]))
  }

  @Test func `a list of memories has them all, the newest first`() throws {
    let schema: JSONValue = ["properties": ["memories": ["type": "array", "items": ["type": "string"]]]]
    let texts = try SchemaDocument.fill(schema, from: Self.memories)["memories"]?.arrayValue
    #expect(texts?.count == Self.memories.count && texts?.first == "Bo lives in Oslo" && texts?.last == "Name is Ann")
    let objects: JSONValue = [
      "properties": [
        "memories": [
          "type": "array",
          "items": ["properties": ["id": [:], "category": [:], "seats": ["type": "integer"], "created_at": [:]]],
        ]
      ]
    ]
    let maps = try SchemaDocument.fill(objects, from: Self.memories)["memories"]?.arrayValue?[1]
    #expect(
      maps == [
        "id": .string(Derivation.uuid("schema", "Collects maps").text), "category": "hobbies", "seats": 3,
        "created_at": .string(ResolutionTests.time(8).description),
      ])
  }

  @Test(arguments: 1...20 as ClosedRange<UInt64>)
  func `a document has the properties of its schema, whatever the order of memories`(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let shuffled = Self.memories.map { ($0, random.next()) }.sorted { $0.1 < $1.1 }.map(\.0)
    let chosen = Self.cases.filter { _ in random.next() % 2 == 0 }
    let schema: JSONValue = [
      "properties": .object(Dictionary(chosen.map { ($0.0, $0.1) }) { first, _ in first })
    ]
    let document = try SchemaDocument.fill(schema, from: shuffled)
    #expect(document == (try SchemaDocument.fill(schema, from: Self.memories)))
    #expect(Set(document.objectValue?.keys ?? [:].keys) == Set(chosen.map(\.0)))
    #expect(UserProfile.document(shuffled) == UserProfile.document(Self.memories))
  }

  @Test func `a schema that would make a document without end is refused, and one in a circle ends`() throws {
    let node: JSONValue = ["$ref": "#/$defs/Node"]
    let circle: JSONValue = [
      "$defs": ["Node": ["properties": ["a": node, "b": node, "c": node, "d": node]]],
      "properties": ["root": ["$ref": "#/$defs/Node"]],
    ]
    #expect(throws: SchemaDocument.TooLarge.self) { try SchemaDocument.fill(circle, from: []) }
    let line: JSONValue = [
      "$defs": ["Node": ["properties": ["next": ["$ref": "#/$defs/Node"]]]],
      "properties": ["root": ["$ref": "#/$defs/Node"]],
    ]
    #expect(try SchemaDocument.fill(line, from: [])["root"]?["next"]?["next"] != nil)
    let long = String(repeating: "x", count: SchemaDocument.maxByteCount / 2)
    let names = ["food": ["type": "string"], "memories": ["type": "array"]] as JSONValue
    #expect(throws: SchemaDocument.TooLarge.self) {
      try SchemaDocument.fill(["properties": names], from: [Self.memory(long, 1, "food")])
    }
  }

  @Test func `a profile has what fills slots of its owner, and everything by category`() {
    #expect(
      UserProfile.document(Self.memories)["attributes"] == [
        "name": "Ann", "home": "Berlin", "age": "34 years", "likes": ["tea"], "dislikes": ["rye"],
        "hobby": ["climbing"],
      ])
    let categories = UserProfile.document(Self.memories)["categories"]
    #expect(categories?["hobbies"] == ["Collects maps", "Climbs on Sundays"])
    #expect(categories?["family"] == ["Bo lives in Oslo"])
    #expect(UserProfile.document([]) == ["attributes": [:], "categories": [:]])
  }
}

import EventLog
import Foundation
import GRDB
import MnemeCore
import Testing

@testable import MnemeProjection

@Suite struct FilterTests {
  /// Eight seeds make ten thousand filters; some of them are read by pages, all of them in SQL.
  static let (filterCountPerSeed, pageCountPerSeed) = (1250, 50)

  @Test(arguments: 1...8 as ClosedRange<UInt64>)
  func aFilterInSQLFindsWhatTheFilterMeans(seed: UInt64) async throws {
    let world = try await World(partitionCount: 2)
    defer { world.remove() }
    var scenario = Scenario(world, seed: seed)
    scenario.texts += Scenario.escapedTexts
    _ = try await world.log.append(scenario.records(80))
    try await world.projector().catchUp()
    let reader = try world.reader()
    var (nonempty, partial) = (0, 0)
    for number in 0..<Self.filterCountPerSeed {
      let filter = scenario.filter(depth: 0)
      let query = MemoryQuery(
        tenant: scenario.pick(Scenario.tenants), filter: filter, includesEnded: scenario.chance(60),
        notExpiredAt: scenario.chance(30) ? Timestamp(milliseconds: 1000) : nil,
        validAt: scenario.chance(15) ? Timestamp(milliseconds: Int64(scenario.number(0...1500))) : nil)
      let expected = scenario.matching(query).map(\.memory.id)
      if number < Self.pageCountPerSeed {
        let page = try await reader.memories(query, offset: 0, limit: 10_000)
        #expect(page.memories.map(\.memory.id) == expected, "seed \(seed), filter \(number): \(filter)")
        #expect(page.totalCount == expected.count)
      } else {
        let found = try await reader.ids(query)
        #expect(found == expected.sorted(), "seed \(seed), filter \(number): \(filter)")
      }
      if !expected.isEmpty { nonempty += 1 }
      if !expected.isEmpty && expected.count < scenario.views.count / 4 { partial += 1 }
    }
    // The filters say something: many find a part of the memories.
    #expect(nonempty > Self.filterCountPerSeed / 4 && partial > Self.filterCountPerSeed / 20)
  }

  /// Texts that are stored in another form stand where they stood in the order of texts, and have the same parts.
  @Test func textsThatAreEscapedCompareAsTheyAre() async throws {
    let world = try await World(partitionCount: 1)
    defer { world.remove() }
    let ann = user("ann")
    let noncharacter = String(Character(Unicode.Scalar(0xFDD0 as UInt32)!))
    let parts = ["\0", "\u{1}", "\u{2}", "\u{3}", "\u{4}", "a", noncharacter, "\u{10FFFF}"]
    let texts = parts + parts.flatMap { first in parts.map { first + $0 } }
    let memories = texts.enumerated().map { number, text in
      memory("\(number)", text, ann, metadata: ["t": .string(text), "l": [.string(text)], text: 1])
    }
    try await world.resolve("1", ann, memories.map { .added($0) })
    try await world.projector().catchUp()
    let reader = try world.reader()
    let views = try await reader.memories(all(), offset: 0, limit: 1000).memories
    #expect(Set(views.map(\.memory)) == Set(memories))
    for operand in parts + ["", "aa", "\0\u{2}", "\u{2}\u{2}"] {
      for field in [.text, .metadata(["t"]), .metadata(["l"])] as [Filter.Field] {
        for op in [.eq, .ne, .gt, .gte, .lt, .lte, .contains, .icontains] as [Filter.Operator] {
          let filter = Filter.compare(field, op, .string(operand))
          let expected = views.filter(filter.matches).map(\.memory.id).sorted()
          #expect(try await reader.ids(all("acme", filter)) == expected, "\(filter)")
        }
      }
      let name = Filter.isPresent(.metadata([operand]))
      let expected = views.filter(name.matches).map(\.memory.id).sorted()
      #expect(try await reader.ids(all("acme", name)) == expected, "\(name)")
    }
  }

  @Test(
    arguments: [
      (Filter.compare(.metadata(["a"]), .ne, "x"), ["none", "number", "text"]),
      (.compare(.metadata(["a"]), .eq, .null), ["none"]),
      (.compare(.metadata(["a"]), .eq, .int(1)), ["number"]),
      (.compare(.metadata(["a"]), .eq, .double(1)), ["number"]),
      (.compare(.metadata(["a"]), .eq, "1"), []),
      (.compare(.metadata(["a"]), .icontains, "STRASSE"), []),
      (.compare(.metadata(["a"]), .icontains, "STRAẞE"), ["text"]),
      (.compare(.metadata(["a"]), .contains, "straße"), []),
      (.isPresent(.metadata(["a"])), ["number", "text"]),
      (.compare(.text, .icontains, "NUMB"), ["number"]),
      (.compare(.category, .isIn, ["food", "x'; DROP TABLE memories; --"]), ["text"]),
      (.compare(.memoryID, .eq, .string(id("text", user("ann")).uuidString)), ["text"]),
      (.compare(.memoryID, .isIn, [.string(id("text", user("ann")).text), "no id"]), ["text"]),
      (.compare(.runID, .eq, "r-source"), ["text"]),
      (.compare(.runID, .ne, "r-source"), ["none", "number"]),
      (.compare(.expirationDate, .gt, .int(10)), ["number"]),
      (.and([]), ["none", "number", "text"]),
      (.or([]), []),
      (.not(.compare(.metadata(["a"]), .gt, .int(0))), ["none", "text"]),
      (.compare(.metadata(["no'body\"; --"]), .eq, "x"), []),
    ] as [(Filter, [String])])
  func aConditionFinds(_ filter: Filter, _ names: [String]) async throws {
    let world = try await World(partitionCount: 1)
    defer { world.remove() }
    let ann = user("ann")
    var text = memory("text", "text", ann, category: "food", metadata: ["a": "Straße 1"])
    text.sources.append(source("later", runID: "r-source"))
    try await world.resolve(
      "1", ann,
      [
        .added(memory("none", "none", ann)), .added(text),
        .added(memory("number", "number", ann, metadata: ["a": 1], expiresAt: 11)),
      ])
    try await world.projector().catchUp()
    let page = try await world.reader().memories(all("acme", filter), offset: 0, limit: 10)
    #expect(page.memories.map(\.memory.text).sorted() == names)
    for view in page.memories { #expect(filter.matches(view)) }
  }

  /// Lists of an agent or a session use an index by name, also where nothing can match.
  @Test(
    arguments: [
      .or([]), .not(.and([])), .compare(.category, .isIn, []), .compare(.memoryID, .eq, "no id"),
      .compare(.metadata(["a"]), .gt, true), .not(.isPresent(.createdAt)),
    ] as [Filter])
  func nothingIsFoundByAnyIndex(_ nothing: Filter) async throws {
    let world = try await World(partitionCount: 1)
    defer { world.remove() }
    let ann = user("ann")
    try await world.resolve("1", ann, [.added(memory("a", "tea", ann, agentID: "bot", runID: "room"))])
    try await world.projector().catchUp()
    let reader = try world.reader()
    for scope in [isUser("ann"), .compare(.agentID, .eq, "bot"), .compare(.runID, .eq, "room"), .and([])] as [Filter] {
      let query = all("acme", .and([scope, nothing]))
      #expect(try await reader.texts(query) == [])
      #expect(try await reader.hits(query, "tea", vector: axis(0)) == [])
      #expect(try await reader.texts(all("acme", .and([scope, .not(nothing)]))) == ["tea"])
    }
  }

  @Test func twoUsersAtOnceFindNothing() async throws {
    let world = try await World(partitionCount: 2)
    defer { world.remove() }
    for name in ["ann", "bob"] {
      try await world.resolve("1", user(name), [.added(memory("a", "tea", user(name)))])
    }
    try await world.projector().catchUp()
    let reader = try world.reader()
    for filter in [.and([isUser("ann"), isUser("bob")]), .and([.and([isUser("bob")]), isUser("ann")])] as [Filter] {
      #expect(try await reader.texts(all("acme", filter)) == [])
      #expect(try await reader.hits(all("acme", filter), "tea", vector: axis(0)) == [])
    }
    #expect(try await reader.hits(all("acme", .and([isUser("ann"), isUser("ann")])), "tea") == ["tea"])
  }

  @Test func aListOfAnyLengthIsOneCondition() async throws {
    let world = try await World(partitionCount: 1)
    defer { world.remove() }
    let ann = user("ann")
    try await world.resolve("1", ann, [.added(memory("a", "found", ann, metadata: ["n": 70_000]))])
    try await world.projector().catchUp()
    let reader = try world.reader()
    let texts: [JSONValue] = (0..<80_000).map { .string("t\($0)") } + ["found"]
    #expect(try await reader.texts(all("acme", .compare(.text, .isIn, .array(texts)))) == ["found"])
    let numbers: [JSONValue] = (0..<2000).map { .int($0) } + [70_000]
    #expect(try await reader.texts(all("acme", .compare(.metadata(["n"]), .isIn, .array(numbers)))) == ["found"])
    #expect(try await reader.texts(all("acme", .compare(.metadata(["n"]), .isNotIn, .array(numbers)))) == [])
  }

  @Test func theDeepestFilterThatIsReadIsAnswered() async throws {
    let world = try await World(partitionCount: 1)
    defer { world.remove() }
    try await world.resolve("1", user("ann"), [.added(memory("a", "found", user("ann")))])
    try await world.projector().catchUp()
    var filter = isUser("ann")
    for depth in 0..<Filter.maxDepth { filter = depth % 2 == 0 ? .not(.or([filter])) : .and([filter]) }
    let wide = Filter.or(
      (0..<Filter.maxConditionCount).map { .compare(.text, .contains, .string("x\($0)")) } + [filter])
    #expect(try await world.reader().texts(all("acme", wide)) == ["found"])
  }
}

extension ProjectionReader {
  /// Ids of all memories of a query, in their order.
  fileprivate func ids(_ query: MemoryQuery) async throws -> [UUID] {
    var ids: [UUID] = []
    for shard in self.shards(for: query) {
      ids += try await self.read(shard) { database, _ in
        guard let selection = try query.selection(database) else { return [] }
        return try UUID.fetchAll(database, sql: "SELECT m.id \(selection.sql)", arguments: selection.arguments)
      }
    }
    return ids.sorted()
  }
}

extension Scenario {
  /// A random condition, often one that some memory meets.
  mutating func filter(depth: Int) -> Filter {
    if depth < 3, chance(depth == 0 ? 60 : 35) {
      var parts: [Filter] = []
      for _ in 0..<number(0...3) { parts.append(filter(depth: depth + 1)) }
      switch number(0...2) {
      case 0: return .and(parts)
      case 1: return .or(parts)
      default: return .not(.or(parts))
      }
    }
    let field = field()
    if chance(10) { return .isPresent(field) }
    let op = pick(Filter.Operator.allCases)
    switch op {
    case .isIn, .isNotIn:
      var elements: [JSONValue] = []
      for _ in 0..<number(0...4) { elements.append(operand(field)) }
      return .compare(field, op, .array(elements))
    case .contains, .icontains:
      guard chance(90) else { return .compare(field, op, operand(field)) }
      return .compare(
        field, op, .string(pick(["", "e", "EE", "tea", "TEA", "İ", "i", "ß", "r", "a1", "köln", "r1", "\0", "\u{2}"])))
    case .eq, .ne, .gt, .gte, .lt, .lte: return .compare(field, op, operand(field))
    }
  }

  private mutating func field() -> Filter.Field {
    let fields: [Filter.Field] = [
      .userID, .agentID, .appID, .runID, .actor, .createdAt, .updatedAt, .timestamp, .expirationDate, .text, .category,
      .memoryID,
    ]
    guard chance(45) else { return pick(fields) }
    return .metadata(
      pick([
        ["a"], ["b"], ["ключ"], ["q\"\\"], ["x.y"], ["deep", "er"], ["deep"], ["list"], ["nobody"], ["a", "b"], [""],
        ["deep", "nest", "n"], ["deep", "nest"], ["\0k"], ["\u{1}k"],
      ]))
  }

  private mutating func operand(_ field: Filter.Field) -> JSONValue {
    // Now and then a value of another kind than the field's.
    guard !chance(8) else { return scalar() }
    switch field {
    case .userID: return .string("o\(number(0...4))")
    case .agentID: return .string(pick(["a0", "a1", "o1", "x"]))
    case .appID: return .string("app\(number(0...2))")
    case .runID: return .string(pick(["r0", "r1", "r2", "o2", "x"]))
    case .actor: return .string(pick(["user", "Ann", "assistant", "nobody"]))
    case .createdAt, .updatedAt, .timestamp, .expirationDate: return .int(Int64(number(0...2000)))
    case .text: return .string(pick(texts))
    case .category: return .string(pick(["food", "travel", "misc", "x"]))
    case .memoryID:
      let ids = views.keys.sorted()
      guard !ids.isEmpty, chance(90) else { return "nobody" }
      return .string(chance(50) ? pick(ids).text : pick(ids).uuidString)
    case .metadata: return scalar()
    }
  }
}

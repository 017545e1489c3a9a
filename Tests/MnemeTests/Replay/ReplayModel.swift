import CurlHTTP
import Foundation
import FoundationNetworking
import MnemeCore
import MnemeTesting
import Synchronization

/// Chat and embedding models for replays: what they say follows from the prompt and the words, and they count.
final class ReplayModel: Sendable {
  /// How the model words what it finds: the prompt's first word tells.
  enum Style: String {
    case terse = "TERSE"
    case chatty = "CHATTY"

    /// A prompt's file with that word.
    func write(to folder: String) throws -> String {
      let path = "\(folder)/\(rawValue.lowercased()).txt"
      try "\(rawValue): find facts.\n".write(toFile: path, atomically: true, encoding: .utf8)
      return path
    }
  }

  let server: ScriptedHTTPServer
  /// Turns that were asked about, in all.
  private let asked: Counter
  private let embedded: Counter

  var url: String { server.url + "/v1" }
  var askedTurnCount: Int { asked.value }
  var embeddedTextCount: Int { embedded.value }

  /// Embedding models are called `hash-N`, and give vectors of N components; `dimension` gives others than asked for.
  init(delay: Duration = .zero) throws {
    let (asked, embedded) = (Counter(), Counter())
    self.asked = asked
    self.embedded = embedded
    self.server = try ScriptedHTTPServer { request in
      if delay > .zero { Thread.sleep(forTimeInterval: Double(delay.components.attoseconds) * 1e-18) }
      guard let body = request.json else { return .text("no JSON", status: 400) }
      if request.path.hasSuffix("/embeddings") { return Self.embed(body, embedded) }
      return Self.chat(body, asked)
    }
  }

  func stop() async { await server.stop() }

  final class Counter: Sendable {
    private let state = Mutex(0)
    var value: Int { state.withLock { $0 } }
    func add(_ count: Int) { state.withLock { $0 += count } }
  }

  // MARK: Embedding

  private static func embed(_ body: JSONValue, _ counter: Counter) -> ScriptedReply {
    let texts = body["input"]?.arrayValue?.compactMap(\.stringValue) ?? []
    counter.add(texts.count)
    let name = body["model"]?.stringValue ?? ""
    var dimension = Int(name.split(separator: "-").last ?? "") ?? 8
    if case .int(let wanted) = body["dimensions"] { dimension = Int(wanted) }
    return .embeddings(
      texts.map { vector($0, dimension: dimension) }, isBase64: body["encoding_format"] == "base64")
  }

  /// The twin's arithmetic, at once.
  private static func vector(_ text: String, dimension: Int) -> [Float] {
    var vector = [Float](repeating: 0, count: dimension)
    for word in NormalizedText.of(text).split(separator: " ") {
      let hash = Partitioner.murmur2(Array(word.utf8))
      vector[Int(hash % UInt32(dimension))] += hash & 0x8000_0000 == 0 ? 1 : -1
    }
    if vector.allSatisfy({ $0 == 0 }) { vector[0] = 1 }
    return VectorMath.normalized(vector) ?? vector
  }

  // MARK: Extracting

  private static func chat(_ body: JSONValue, _ counter: Counter) -> ScriptedReply {
    let messages = body["messages"]?.arrayValue ?? []
    let system = messages.first?["content"]?.stringValue ?? ""
    let style = Style(rawValue: String(system.prefix { $0 != ":" })) ?? .terse
    let prompt = messages.last?["content"]?.stringValue ?? ""
    let turns = (try? EventBodyCoding.decode(JSONValue.self, from: Array(prompt.utf8)))?["turns"]?.arrayValue ?? []
    counter.add(turns.count)
    let entries = turns.map { turn -> JSONValue in
      ["index": turn["index"] ?? 0, "facts": .array(facts(turn["messages"]?.arrayValue ?? [], style))]
    }
    let reply = EventBodyCoding.encode(["turns": JSONValue.array(entries)] as JSONValue)
    return .chat(
      String(decoding: reply, as: UTF8.self), promptTokens: 10 * turns.count, completionTokens: 5 * turns.count)
  }

  private static func facts(_ messages: [JSONValue], _ style: Style) -> [JSONValue] {
    messages.enumerated().flatMap { index, message -> [JSONValue] in
      let content = message["content"]?.stringValue ?? ""
      return content.split(separator: ".").compactMap { sentence in
        fact(sentence.trimmingCharacters(in: .whitespaces), whole: content, index: index, style)
      }
    }
  }

  /// "I live in X" fills a slot; "I own a X" is a plain statement, which the styles word each in its own way, and quote
  /// differently.
  private static func fact(_ sentence: String, whole: String, index: Int, _ style: Style) -> JSONValue? {
    var text: String
    var slot: (name: String, value: String)?
    if sentence.hasPrefix("I live in ") {
      let place = String(sentence.dropFirst(10))
      text = style == .terse ? "Lives in \(place)" : "Their home is \(place) these days"
      slot = ("home", place)
    } else if sentence.hasPrefix("I own a ") {
      let thing = String(sentence.dropFirst(8))
      text = style == .terse ? "Owns a \(thing)" : "Is the owner of a \(thing)"
    } else {
      return nil
    }
    return [
      "text": .string(text), "category": style == .terse ? "misc" : "personal_details", "subject": "user",
      "attribute": slot.map { .string($0.name) } ?? .null, "value": slot.map { .string($0.value) } ?? .null,
      "polarity": "positive", "valid_from": nil, "valid_to": nil, "confidence": .double(0.9),
      "message_index": .int(Int64(index)), "quote": .string(style == .terse ? sentence : whole),
    ]
  }
}

extension Server {
  /// The generation that answers are read from.
  func generation() async throws -> String? {
    try await send(.get, "/readyz").headers["X-Mneme-Generation"]
  }

  /// A request of any method.
  func request(_ method: String, _ path: String, _ body: JSONValue? = nil) async throws -> (
    status: Int, body: JSONValue
  ) {
    guard let url = URL(string: "http://127.0.0.1:\(port)\(path)") else { throw Failure(description: "no URL") }
    var request = URLRequest(url: url)
    request.httpMethod = method
    request.setValue("application/json", forHTTPHeaderField: "Content-Type")
    if let body { request.httpBody = Data(EventBodyCoding.encode(body)) }
    let (data, response) = try await URLSession.shared.data(for: request)
    let json = (try? EventBodyCoding.decode(JSONValue.self, from: Array(data))) ?? .null
    return ((response as? HTTPURLResponse)?.statusCode ?? 0, json)
  }

  /// Everything that one user's list shows, page by page, by text.
  func memories(of user: String) async throws -> [String: JSONValue] {
    var memories: [String: JSONValue] = [:]
    for page in 1... {
      let answer = try await post(
        "/v3/memories/?page_size=200&page=\(page)", ["filters": ["user_id": .string(user)]])
      let results = answer["results"]?.arrayValue ?? []
      for memory in results { memories[memory["memory"]?.stringValue ?? ""] = memory }
      if results.count < 200 { break }
    }
    return memories
  }
}

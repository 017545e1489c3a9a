import LanguageModel
import MnemeCore
import Synchronization
import Testing

@testable import MnemePipeline

@Suite struct ModelExtractorTests {
  static func turn(_ content: String, id: String = "e1") -> Turn {
    let owner = OwnerKey(tenant: "t", owner: Owner(kind: .user, id: "alex"))
    let body = TurnBody(scope: Scope(userID: "alex"), messages: [Message(role: "user", content: content)])
    return Turn(id: id, owner: owner, receivedAt: Timestamp(milliseconds: 0), body: body)
  }

  static func fact(_ text: String, attribute: String = "\"home\"", quote: String = "Lisbon", message: Int = 0) -> String
  {
    """
    {"text":"\(text)","category":"personal_details","subject":"user","attribute":\(attribute),"value":"Lisbon",
    "polarity":"positive","valid_from":"2026-10-01","valid_to":null,"confidence":7,"message_index":\(message),
    "quote":"\(quote)"}
    """
  }

  static func reply(_ text: String, isTruncated: Bool = false) -> ModelExtractor {
    ModelExtractor(
      model: ScriptedChatModel(
        reply: ChatReply(text: text, promptTokens: 10, completionTokens: 5, isTruncated: isTruncated)))
  }

  @Test func aGoodReplyBecomesFacts() async throws {
    let extractor = Self.reply("{\"turns\":[{\"index\":0,\"facts\":[\(Self.fact("Lives in Lisbon"))]}]}")
    let extraction = try #require(try await extractor.extract([Self.turn("I live in Lisbon")]).first)
    let fact = try #require(extraction.facts.first)
    #expect(fact.text == "Lives in Lisbon")
    #expect(fact.attribute == "home")
    #expect(fact.validFrom == Timestamp("2026-10-01"))
    #expect(fact.confidence == 1)
    #expect(extraction.promptTokens == 10)
  }

  @Test func aFenceAroundJSONIsTakenOff() async throws {
    let extractor = Self.reply("```json\n{\"turns\":[{\"index\":0,\"facts\":[]}]}\n```")
    #expect(try await extractor.extract([Self.turn("Hello")]).first?.facts.isEmpty == true)
  }

  @Test func whatTheModelMadeUpIsNotBelieved() async throws {
    let invented = Self.fact("Lives in Lisbon", attribute: "\"shoe_size\"", quote: "words nobody said")
    let extractor = Self.reply("{\"turns\":[{\"index\":0,\"facts\":[\(invented)]}]}")
    let fact = try #require(try await extractor.extract([Self.turn("I live in Lisbon")]).first?.facts.first)
    #expect(fact.attribute == nil)
    #expect(fact.value == nil)
    #expect(fact.quote == "I live in Lisbon")
  }

  @Test(arguments: [
    ("Sure! Here are the memories: none.", ModelError.Code.invalidOutput),
    ("{\"turns\":[{\"index\":0,\"fac", .invalidOutput), ("[]", .invalidOutput), ("", .invalidOutput),
    ("{\"turns\":[]}", .invalidOutput), ("{\"turns\":[{\"index\":4,\"facts\":[]}]}", .invalidOutput),
    ("{\"turns\":[{\"index\":0,\"facts\":[]},{\"index\":0,\"facts\":[]}]}", .invalidOutput),
    ("{\"turns\":[{\"index\":0,\"facts\":[\(fact("x", message: 9))]}]}", .invalidOutput),
    ("{\"turns\":[{\"index\":0,\"facts\":[\"text\"]}]}", .invalidOutput),
  ])
  func aBadReplyIsAnErrorNeverNothing(text: String, code: ModelError.Code) async throws {
    let error = await #expect(throws: ModelError.self) { try await Self.reply(text).extract([Self.turn("x")]) }
    #expect(error?.code == code)
    #expect(error?.isRetriable == true)
  }

  @Test func aReplyThatWasCutOffIsAnError() async throws {
    let extractor = Self.reply("{\"turns\":[{\"index\":0,\"facts\":[]}]}", isTruncated: true)
    let error = await #expect(throws: ModelError.self) { try await extractor.extract([Self.turn("x")]) }
    #expect(error?.code == .truncatedOutput)
  }

  @Test func thePromptIsShortAndItsDataAreJSON() {
    #expect(ExtractionPrompt.standard.text.utf8.count < 3000)
    #expect(ExtractionPrompt.user([Self.turn("say \"hi\"\n")]).contains("say \\\"hi\\\"\\n"))
  }
}

/// A chat model with one answer.
struct ScriptedChatModel: ChatModel {
  let reply: ChatReply
  var name: String { "scripted" }

  func complete(_ request: ChatRequest) async throws -> ChatReply { reply }
}

import LanguageModel

/// The answer to a chat completion, as far as it is used.
struct ChatCompletion: Decodable {
  struct Choice: Decodable {
    struct Message: Decodable {
      let content: String?
      let refusal: String?
    }

    let message: Message?
    let finishReason: String?

    enum CodingKeys: String, CodingKey {
      case message
      case finishReason = "finish_reason"
    }
  }

  struct Usage: Decodable {
    let promptTokens: Int?
    let completionTokens: Int?

    enum CodingKeys: String, CodingKey {
      case promptTokens = "prompt_tokens"
      case completionTokens = "completion_tokens"
    }
  }

  let choices: [Choice]
  let usage: Usage?

  enum CodingKeys: CodingKey {
    case choices
    case usage
  }

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    self.choices = try container.decode([Choice].self, forKey: .choices)
    // What a reply cost is worth knowing, but not worth a reply.
    self.usage = try? container.decode(Usage.self, forKey: .usage)
  }

  /// What the first choice says.
  func reply() throws(ModelError) -> ChatReply {
    guard let choice = choices.first, let message = choice.message else {
      throw ModelError(.malformedReply, "the chat completion holds no choice with a message; try again")
    }
    if message.refusal != nil {
      throw ModelError(.invalidOutput, "the model refused to answer; try again or change the prompt")
    }
    if choice.finishReason == "content_filter" {
      throw ModelError(.invalidOutput, "the provider's content filter withheld the reply; try again")
    }
    guard let content = message.content else {
      throw ModelError(.malformedReply, "the chat completion's content is null; check that the model writes JSON")
    }
    return ChatReply(
      text: content, promptTokens: max(0, usage?.promptTokens ?? 0),
      completionTokens: max(0, usage?.completionTokens ?? 0), isTruncated: choice.finishReason == "length")
  }
}

import FoundationEssentials
import MnemeCore
import MnemeProjection

extension QueryAPI {
  /// Longest reason of a judgement, in characters.
  static let maxFeedbackReasonLength = 2000

  /// `POST /v1/feedback/`: what somebody thinks of a memory; null takes it back.
  func giveFeedback(_ request: APIRequest) async throws -> APIResponse {
    let members = try request.members()
    guard let id = try members.string("memory_id") else { throw RequestFailure.invalid("memory_id is required") }
    guard let id = UUID(uuidString: id) else { throw RequestFailure.invalid("memory_id should be a valid UUID") }
    let feedback = try Self.feedback(members)
    let eventID = try EventID.find(in: members, header: request.header("idempotency-key"))
    try await self.awaitPosition(request, members)
    let view = try await self.memory(id, request)
    let receipt = try await self.submit(
      Submission(
        id: eventID, type: .memoryFeedbackGiven, owner: view.owner, memoryID: id,
        body: FeedbackGiven(memoryID: id, feedback: feedback, targets: MemorySnapshot.of([view.memory]))),
      waits: try request.target.flag("wait") ?? true)
    try Self.requireSuccess(receipt)
    let status = receipt.isProcessed ? EventStatus.succeeded : .pending
    return Self.written(
      .object([
        "id": .string(receipt.id), "memory_id": .string(id.text), "message": .string("Feedback recorded"),
        "feedback": feedback.map { .string($0.rating.rawValue) } ?? .null,
        "feedback_reason": feedback?.reason.map { .string($0) } ?? .null, "event_id": .string(receipt.id),
        "status": .string(status.rawValue),
      ]), receipt)
  }

  /// What a body says of a memory; a reason alone says nothing.
  private static func feedback(_ members: Members) throws -> Feedback? {
    let reason = try members.string("feedback_reason", maxLength: maxFeedbackReasonLength)
    guard let word = try members.string("feedback") else { return nil }
    // As the client sends it, which takes small letters as well.
    guard let rating = Feedback.Rating(rawValue: word.uppercased()) else {
      throw RequestFailure.invalid("feedback must be POSITIVE, NEGATIVE or VERY_NEGATIVE")
    }
    return Feedback(rating, reason: reason)
  }
}

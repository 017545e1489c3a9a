import FoundationEssentials
import MnemeCore

/// The LoCoMo data set (Maharana et al., 2024): conversations of two people, and questions with evidence turns.
struct LoCoMo: Sendable {
  struct Conversation: Sendable {
    var id: String
    var turns: [DialogTurn]
    var questions: [Question]
  }

  struct DialogTurn: Sendable {
    var id: String
    /// Number of its session.
    var session: Int
    var speaker: String
    var text: String
    var time: Timestamp
  }

  struct Question: Sendable {
    var text: String
    var category: Int
    var evidence: Set<String>
    /// The evidence as it was corrected; `evidence` where it was not.
    var auditedEvidence: Set<String>
    var answer: String?
  }

  /// Names of the categories that have a retrieval target; the fifth is adversarial and has none.
  static let categoryNames = [1: "multi-hop", 2: "temporal", 3: "open-domain", 4: "single-hop"]

  /// Categories whose answers stand in the conversation word by word, as far as they do: multi-hop and single-hop.
  static let contextCategories: Set<Int> = [1, 4]

  let conversations: [Conversation]

  /// Reads the file at `path`, and corrected labels at `audit`.
  init(path: String, audit: String? = nil) throws {
    let list = try RecallCorpus.json(path).arrayValue ?? []
    let corrections = try audit.map(Self.corrections) ?? [:]
    conversations = try list.map { try Self.conversation($0, corrections) }
  }

  /// Corrected evidence by conversation and number of the question.
  private static func corrections(_ path: String) throws -> [String: [Int: [String]]] {
    var corrections: [String: [Int: [String]]] = [:]
    for entry in try RecallCorpus.json(path).arrayValue ?? [] {
      guard let id = entry["sample_id"]?.stringValue, case .int(let number) = entry["qa_index"],
        let evidence = entry["correct_evidence"]?.arrayValue
      else { throw CommandFailure("a correction in \(path) lacks sample_id, qa_index or correct_evidence") }
      corrections[id, default: [:]][Int(number)] = evidence.compactMap(\.stringValue)
    }
    return corrections
  }

  private static func conversation(
    _ value: JSONValue, _ corrections: [String: [Int: [String]]]
  ) throws -> Conversation {
    guard let id = value["sample_id"]?.stringValue, let sessions = value["conversation"]?.objectValue else {
      throw CommandFailure("a conversation lacks its sample_id or its sessions")
    }
    var turns: [DialogTurn] = []
    for number in 1...sessions.count {
      guard let session = sessions["session_\(number)"]?.arrayValue else { continue }
      guard let time = sessions["session_\(number)_date_time"]?.stringValue.flatMap(time) else {
        throw CommandFailure("session \(number) of \(id) has no time")
      }
      for (index, turn) in session.enumerated() {
        guard let turnID = turn["dia_id"]?.stringValue, let speaker = turn["speaker"]?.stringValue,
          let text = turn["text"]?.stringValue
        else { throw CommandFailure("a turn of session \(number) of \(id) lacks id, speaker or text") }
        let caption = turn["blip_caption"]?.stringValue.map { " [shares a photo: \($0)]" } ?? ""
        // Turns of a session follow each other: a second apart, so that their order is their time's.
        let said = Timestamp(milliseconds: time.milliseconds + Int64(index) * 1000)
        turns.append(DialogTurn(id: turnID, session: number, speaker: speaker, text: text + caption, time: said))
      }
    }
    let known = Set(turns.map(\.id))
    let questions = (value["qa"]?.arrayValue ?? []).enumerated().compactMap { number, question in
      Self.question(question, known: known, correction: corrections[id]?[number])
    }
    return Conversation(id: id, turns: turns, questions: questions)
  }

  private static func question(_ value: JSONValue, known: Set<String>, correction: [String]?) -> Question? {
    guard let text = value["question"]?.stringValue, case .int(let category) = value["category"] else { return nil }
    func turns(_ labels: [String]) -> Set<String> { Set(labels.flatMap(turnIDs)).intersection(known) }
    let evidence = turns((value["evidence"]?.arrayValue ?? []).compactMap(\.stringValue))
    let audited = turns(correction ?? [])
    return Question(
      text: text, category: Int(category), evidence: evidence,
      auditedEvidence: audited.isEmpty ? evidence : audited, answer: value["answer"].flatMap(RecallCorpus.answer))
  }

  /// Every `D<session>:<turn>` in a label: some labels hold two, leading zeros, or another colon behind the D.
  private static func turnIDs(_ label: String) -> [String] {
    label.matches(of: #/D:?(\d+):(\d+)/#).compactMap { match in
      guard let session = Int(match.1), let turn = Int(match.2) else { return nil }
      return "D\(session):\(turn)"
    }
  }

  /// Reads `1:56 pm on 8 May, 2023`.
  private static func time(_ text: String) -> Timestamp? {
    let parts = text.replacing(",", with: "").split(separator: " ")
    guard parts.count == 6, let day = Int(parts[3]), let year = Int(parts[5]),
      let month = CivilDay.monthNames.firstIndex(of: String(parts[4])),
      let date = CivilDay(validYear: year, month: month + 1, day: day)
    else { return nil }
    let clock = parts[0].split(separator: ":").compactMap { Int($0) }
    guard clock.count == 2 else { return nil }
    return Timestamp(date, hour: clock[0] % 12 + (parts[1] == "pm" ? 12 : 0), minute: clock[1])
  }
}

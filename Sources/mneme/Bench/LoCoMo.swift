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
    var speaker: String
    var text: String
    var time: Timestamp
  }

  struct Question: Sendable {
    var text: String
    var category: Int
    var evidence: Set<String>
  }

  /// Names of the categories that have a retrieval target; the fifth is adversarial and has none.
  static let categoryNames = [1: "multi-hop", 2: "temporal", 3: "open-domain", 4: "single-hop"]

  let conversations: [Conversation]

  init(path: String) throws {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw CommandFailure("\(path) cannot be read; name the LoCoMo file")
    }
    let list = try EventBodyCoding.decode(JSONValue.self, from: Array(data)).arrayValue ?? []
    conversations = try list.map(Self.conversation)
  }

  private static func conversation(_ value: JSONValue) throws -> Conversation {
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
        turns.append(DialogTurn(id: turnID, speaker: speaker, text: text + caption, time: said))
      }
    }
    let questions = (value["qa"]?.arrayValue ?? []).compactMap { question($0, known: Set(turns.map(\.id))) }
    return Conversation(id: id, turns: turns, questions: questions)
  }

  private static func question(_ value: JSONValue, known: Set<String>) -> Question? {
    guard let text = value["question"]?.stringValue, case .int(let category) = value["category"] else { return nil }
    let evidence = (value["evidence"]?.arrayValue ?? []).compactMap(\.stringValue).flatMap(turnIDs).filter(
      known.contains)
    return Question(text: text, category: Int(category), evidence: Set(evidence))
  }

  /// Every `D<session>:<turn>` in a label; some labels hold two, or leading zeros.
  private static func turnIDs(_ label: String) -> [String] {
    label.split(whereSeparator: { " ;,".contains($0) }).compactMap { part in
      let numbers = part.dropFirst().split(separator: ":", omittingEmptySubsequences: false).map { Int($0) }
      guard part.first == "D", numbers.count == 2, let session = numbers[0], let turn = numbers[1] else { return nil }
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

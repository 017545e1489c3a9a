import FoundationEssentials
import MnemeCore

/// Conversations with questions about them, whatever data set they come from.
struct RecallCorpus: Sendable {
  /// A conversation: one owner's memories.
  struct Conversation: Sendable {
    var id: String
    var sessions: [[Said]]
    var questions: [Question]

    /// How many messages it has.
    var messageCount: Int { sessions.reduce(0) { $0 + $1.count } }
  }

  /// One message.
  struct Said: Sendable {
    var id: String
    var role: String
    /// The speaker's name; nil where the role says it all.
    var name: String?
    var text: String
    var time: Timestamp
  }

  /// A question with the ids of the messages that answer it.
  struct Question: Sendable {
    var text: String
    var category: String
    var evidence: Set<String>
    /// The same as somebody corrected it; `evidence` where nobody did.
    var auditedEvidence: Set<String>
    /// What is to be answered; nil where nobody wrote it down, or where a context is not measured by it.
    var answer: String?
  }

  let name: String
  let conversations: [Conversation]
  /// Categories that some leave out of the mean, each by itself: of whole conversations, of which no ten messages can
  /// hold much.
  var separateCategories: [String] = []
  /// Whether some labels have been corrected.
  var isAudited = false
}

extension RecallCorpus {
  /// LoCoMo in a folder: the file as published, and a file of corrected labels whose name holds "audit", if any.
  /// - Throws: `CommandFailure`.
  static func locomo(folder: String) throws -> Self {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder))?.sorted() ?? []
    let files = names.filter { $0.hasSuffix(".json") }
    guard let main = files.first(where: { !$0.contains("audit") }) else {
      throw CommandFailure("\(folder) holds no LoCoMo file; name the folder of the data set")
    }
    let audit = files.first { $0.contains("audit") }.map { folder + "/" + $0 }
    let data = try LoCoMo(path: folder + "/" + main, audit: audit)
    return RecallCorpus(
      name: "LoCoMo", conversations: data.conversations.map(Self.conversation), isAudited: audit != nil)
  }

  private static func conversation(_ data: LoCoMo.Conversation) -> Conversation {
    var sessions: [[Said]] = []
    var current: Int?
    for turn in data.turns {
      if turn.session != current { sessions.append([]) }
      current = turn.session
      sessions[sessions.count - 1].append(
        Said(id: turn.id, role: "user", name: turn.speaker, text: turn.text, time: turn.time))
    }
    let questions = data.questions.compactMap { question -> Question? in
      guard let category = LoCoMo.categoryNames[question.category], !question.evidence.isEmpty else { return nil }
      return Question(
        text: question.text, category: category, evidence: question.evidence,
        auditedEvidence: question.auditedEvidence,
        answer: LoCoMo.contextCategories.contains(question.category) ? question.answer : nil)
    }
    return Conversation(id: data.id, sessions: sessions, questions: questions)
  }
}

extension RecallCorpus {
  /// BEAM (Tavakoli et al., 2025) in a folder: a folder for each chat, with `chat.json` and `probing_questions.json`.
  /// - Throws: `CommandFailure`.
  static func beam(folder: String) throws -> Self {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    let numbers = names.compactMap { Int($0) }.sorted()
    guard !numbers.isEmpty else {
      throw CommandFailure("\(folder) holds no numbered chats; name the folder of the data set")
    }
    return RecallCorpus(
      name: "BEAM",
      conversations: try numbers.map { number in
        let sessions = try beamSessions("\(folder)/\(number)/chat.json")
        return Conversation(
          id: "beam-\(number)", sessions: sessions,
          questions: try beamQuestions(
            "\(folder)/\(number)/probing_questions.json", known: Set(sessions.flatMap { $0.map(\.id) })))
      }, separateCategories: ["summarization", "event_ordering"])
  }

  static func json(_ path: String) throws -> JSONValue {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw CommandFailure("\(path) cannot be read; check the folder")
    }
    return try EventBodyCoding.decode(JSONValue.self, from: Array(data))
  }

  private static func beamSessions(_ path: String) throws -> [[Said]] {
    var sessions: [[Said]] = []
    var day: CivilDay?
    var count: Int64 = 0
    for batch in try json(path).arrayValue ?? [] {
      var session: [Said] = []
      for message in (batch["turns"]?.arrayValue ?? []).flatMap({ $0.arrayValue ?? [] }) {
        if let anchor = message["time_anchor"]?.stringValue.flatMap(beamDay) { day = anchor }
        guard case .int(let id) = message["id"], let role = message["role"]?.stringValue,
          let text = message["content"]?.stringValue, let day
        else { throw CommandFailure("a message of \(path) lacks id, role, content or a time before it") }
        // A second apart, so that their order is their time's.
        let midnight = Timestamp(day, hour: 0, minute: 0)
        session.append(
          Said(
            id: String(id), role: role, name: nil, text: String(text.replacing(#/\s*->->\s*[\d,\s]*$/#, with: "")),
            time: Timestamp(milliseconds: midnight.milliseconds + count * 1000)))
        count += 1
      }
      sessions.append(session)
    }
    return sessions
  }

  /// Reads `March-15-2024`.
  private static func beamDay(_ text: String) -> CivilDay? {
    let parts = text.split(separator: "-")
    guard parts.count == 3, let month = CivilDay.monthNames.firstIndex(of: String(parts[0])), let day = Int(parts[1]),
      let year = Int(parts[2])
    else { return nil }
    return CivilDay(validYear: year, month: month + 1, day: day)
  }

  /// The questions of every category that has source messages: abstention has none.
  private static func beamQuestions(_ path: String, known: Set<String>) throws -> [Question] {
    var questions: [Question] = []
    for (category, list) in (try json(path).objectValue ?? [:]).sorted(by: { $0.key < $1.key })
    where category != "abstention" {
      for question in list.arrayValue ?? [] {
        let evidence = Set(question["source_chat_ids"].map(numbers) ?? []).intersection(known)
        guard let text = question["question"]?.stringValue, !evidence.isEmpty else { continue }
        questions.append(
          Question(
            text: text, category: category, evidence: evidence, auditedEvidence: evidence,
            answer: (question["answer"] ?? question["ideal_answer"]).flatMap(answer)))
      }
    }
    return questions
  }

  /// An answer as a text: some are numbers.
  static func answer(_ value: JSONValue) -> String? {
    switch value {
    case .string(let text): text.isEmpty ? nil : text
    case .int(let number): String(number)
    case .double(let number): number.description
    case .null, .bool, .array, .object: nil
    }
  }

  /// Every number in a label of any depth.
  private static func numbers(_ value: JSONValue) -> [String] {
    switch value {
    case .int(let number): [String(number)]
    case .string(let text): Int(text).map { [String($0)] } ?? []
    case .array(let elements): elements.flatMap(numbers)
    case .object(let members): members.values.flatMap(numbers)
    case .null, .bool, .double: []
    }
  }
}

import MnemeCore
import MnemeProjection

/// A memory as `--json` prints it.
struct MemoryReport: Encodable {
  let memory: Memory
  let score: Double?
  let semantic: Double?
  let keyword: Double?
  let cosine: Double?
  let contextCosine: Double?
  let isAskedPerson: Bool?
  let isOfAskedTime: Bool?
  let freshness: Double?
  let isOver: Bool?
  let bm25: Double?

  init(_ view: MemoryView, hit: SearchHit? = nil, explain: Bool = false) {
    self.memory = view.memory
    self.score = hit?.score
    self.semantic = explain ? hit?.semantic : nil
    self.keyword = explain ? hit?.keyword : nil
    self.cosine = explain ? hit?.signals.cosine : nil
    self.contextCosine = explain ? hit?.signals.contextCosine : nil
    self.isAskedPerson = explain ? hit?.signals.isAskedPerson : nil
    self.isOfAskedTime = explain ? hit?.signals.isOfAskedTime : nil
    self.freshness = explain ? hit?.signals.freshness : nil
    self.isOver = explain ? hit?.signals.isOver : nil
    self.bm25 = explain ? hit?.signals.bm25 : nil
  }

  private enum CodingKeys: String, CodingKey {
    case score, semantic, keyword, cosine, bm25, freshness
    case contextCosine = "context_cosine"
    case isAskedPerson = "person"
    case isOfAskedTime = "of_asked_time"
    case isOver = "over"
  }

  func encode(to encoder: any Encoder) throws {
    try memory.encode(to: encoder)
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encodeIfPresent(score, forKey: .score)
    try container.encodeIfPresent(semantic, forKey: .semantic)
    try container.encodeIfPresent(keyword, forKey: .keyword)
    try container.encodeIfPresent(cosine, forKey: .cosine)
    try container.encodeIfPresent(contextCosine, forKey: .contextCosine)
    try container.encodeIfPresent(isAskedPerson, forKey: .isAskedPerson)
    try container.encodeIfPresent(isOfAskedTime, forKey: .isOfAskedTime)
    try container.encodeIfPresent(freshness, forKey: .freshness)
    try container.encodeIfPresent(isOver, forKey: .isOver)
    try container.encodeIfPresent(bm25, forKey: .bm25)
  }
}

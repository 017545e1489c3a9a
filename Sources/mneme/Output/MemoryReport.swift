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
  let isAskedSpeaker: Bool?
  let bm25: Double?

  init(_ view: MemoryView, hit: SearchHit? = nil, explain: Bool = false) {
    self.memory = view.memory
    self.score = hit?.score
    self.semantic = explain ? hit?.semantic : nil
    self.keyword = explain ? hit?.keyword : nil
    self.cosine = explain ? hit?.signals.cosine : nil
    self.contextCosine = explain ? hit?.signals.contextCosine : nil
    self.isAskedSpeaker = explain ? hit?.signals.isAskedSpeaker : nil
    self.bm25 = explain ? hit?.signals.bm25 : nil
  }

  private enum CodingKeys: String, CodingKey {
    case score, semantic, keyword, cosine, bm25
    case contextCosine = "context_cosine"
    case isAskedSpeaker = "speaker"
  }

  func encode(to encoder: any Encoder) throws {
    try memory.encode(to: encoder)
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encodeIfPresent(score, forKey: .score)
    try container.encodeIfPresent(semantic, forKey: .semantic)
    try container.encodeIfPresent(keyword, forKey: .keyword)
    try container.encodeIfPresent(cosine, forKey: .cosine)
    try container.encodeIfPresent(contextCosine, forKey: .contextCosine)
    try container.encodeIfPresent(isAskedSpeaker, forKey: .isAskedSpeaker)
    try container.encodeIfPresent(bm25, forKey: .bm25)
  }
}

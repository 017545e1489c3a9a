extension KafkaAnswer {
  /// A Fetch answer without aborted transactions that ended before its first record.
  ///
  /// noida-db leaves aborted records out of its answers by itself, yet goes on naming their transactions for ever.
  /// librdkafka would hide all that the same producer wrote since, from whoever starts to read behind the marker that
  /// ended the transaction: Kafka names only transactions that reach into the answer. Versions 4...11, which have no
  /// compact fields; an answer of another version, or with bytes that do not fit, stays as it is.
  static func withoutEndedTransactions(_ frame: [UInt8], version: Int16) -> [UInt8] {
    guard (4...11).contains(version) else { return frame }
    var reader = KafkaReader(frame, from: 8)
    guard let lists = reader.abortedTransactions(version: version) else { return frame }
    var result: [UInt8] = []
    var copied = 4
    for list in lists {
      let kept = list.entries.filter { $0.firstOffset >= list.firstRecord }
      guard kept.count < list.entries.count else { continue }
      result += frame[copied..<list.range.lowerBound]
      result += KafkaWriter.bigEndian(Int32(kept.count))
      for entry in kept { result += KafkaWriter.bigEndian(entry.producerID) + KafkaWriter.bigEndian(entry.firstOffset) }
      copied = list.range.upperBound
    }
    guard copied > 4 else { return frame }
    result += frame[copied...]
    return KafkaWriter.bigEndian(Int32(result.count)) + result
  }
}

/// The aborted transactions that a Fetch answer names for one partition.
private struct AbortedTransactions {
  /// Where the list stands, its count included.
  let range: Range<Int>
  let entries: [(producerID: Int64, firstOffset: Int64)]
  /// Offset of the first record of the answer; of none, beyond all.
  let firstRecord: Int64
}

extension KafkaReader {
  /// The lists of all partitions; nil where the answer ends too early. Field by field as in Kafka's FetchResponse.json.
  fileprivate mutating func abortedTransactions(version: Int16) -> [AbortedTransactions]? {
    guard self.skip(version >= 7 ? 10 : 4), let topicCount = self.int32() else { return nil }
    var lists: [AbortedTransactions] = []
    for _ in 0..<max(topicCount, 0) {
      guard self.string() != nil, let partitionCount = self.int32() else { return nil }
      for _ in 0..<max(partitionCount, 0) {
        guard let list = self.abortedTransactionsOfPartition(version: version) else { return nil }
        lists.append(list)
      }
    }
    return lists
  }

  private mutating func abortedTransactionsOfPartition(version: Int16) -> AbortedTransactions? {
    // Index, error, high watermark, stable offset, start offset.
    guard self.skip(version >= 5 ? 30 : 22) else { return nil }
    let start = self.position
    guard let count = self.int32() else { return nil }
    var entries: [(producerID: Int64, firstOffset: Int64)] = []
    for _ in 0..<max(count, 0) {
      guard let producerID = self.int64(), let firstOffset = self.int64() else { return nil }
      entries.append((producerID, firstOffset))
    }
    let end = self.position
    if version >= 11 { guard self.skip(4) else { return nil } }  // preferred replica
    guard let length = self.int32() else { return nil }
    var firstRecord = Int64.max
    if length >= 8 {
      guard let offset = self.int64(), self.skip(Int(length) - 8) else { return nil }
      firstRecord = offset
    } else {
      guard self.skip(Int(max(length, 0))) else { return nil }
    }
    return AbortedTransactions(range: start..<end, entries: entries, firstRecord: firstRecord)
  }
}

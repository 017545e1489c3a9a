extension KafkaAnswer {
  /// A Fetch answer without aborted transactions that ended before its first record.
  ///
  /// noida-db goes on naming aborted transactions for ever. librdkafka would hide all that the same producer wrote
  /// since, from whoever starts to read behind the marker that ended the transaction: Kafka names only transactions
  /// that reach into the answer. Those that do have to stay, although they began before its first record: noida-db
  /// leaves out the first batch of an aborted transaction by itself, and no further one. Versions 4...11, which have no
  /// compact fields; an answer of another version, or with bytes that do not fit, stays as it is.
  static func withoutEndedTransactions(_ frame: [UInt8], version: Int16) -> [UInt8] {
    guard (4...11).contains(version) else { return frame }
    var reader = KafkaReader(frame, from: 8)
    guard let lists = reader.abortedTransactions(version: version) else { return frame }
    var result: [UInt8] = []
    var copied = 4
    for list in lists {
      let kept = list.entries.filter(list.reachesIn)
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
  typealias Entry = (producerID: Int64, firstOffset: Int64)

  /// Where the list stands, its count included.
  let range: Range<Int>
  let entries: [Entry]
  /// Offset of the first record of the answer; of none, beyond all.
  let firstRecord: Int64
  /// The first end of a transaction of each producer in the answer.
  let markers: [Int64: TransactionMarker]

  /// Whether a record of the answer, or its marker, belongs to the transaction. A producer has one after the other: the
  /// first marker is that of the latest one that began before it.
  func reachesIn(_ entry: Entry) -> Bool {
    if entry.firstOffset >= firstRecord { return true }
    guard let marker = markers[entry.producerID], marker.isAbort else { return false }
    return !entries.contains {
      $0.producerID == entry.producerID && $0.firstOffset > entry.firstOffset && $0.firstOffset < marker.offset
    }
  }
}

/// The end of a transaction.
private struct TransactionMarker {
  let offset: Int64
  let isAbort: Bool
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
    guard let records = self.bytes(Int(max(length, 0))) else { return nil }
    var batches = KafkaReader(Array(records))
    let firstRecord = batches.int64() ?? .max
    return AbortedTransactions(
      range: start..<end, entries: entries, firstRecord: firstRecord, markers: Self.markers(in: Array(records)))
  }

  /// The first marker of each producer in record batches, as far as they are whole.
  private static func markers(in records: [UInt8]) -> [Int64: TransactionMarker] {
    let controlFlag: Int16 = 0x20
    var markers: [Int64: TransactionMarker] = [:]
    var start = 0
    while true {
      var reader = KafkaReader(records, from: start)
      // Leader's epoch, format, checksum; offset of the last record and two times; epoch, sequence and count.
      guard let offset = reader.int64(), let length = reader.int32(), length > 0, reader.skip(9),
        let attributes = reader.int16(), reader.skip(20), let producerID = reader.int64(), reader.skip(10)
      else { return markers }
      if attributes & controlFlag != 0, markers[producerID] == nil, let type = reader.controlType() {
        markers[producerID] = TransactionMarker(offset: offset, isAbort: type == 0)
      }
      start += 12 + Int(length)
      guard start < records.count else { return markers }
    }
  }

  /// The type of the control record that comes next: 0 for an abort, 1 for a commit.
  private mutating func controlType() -> Int16? {
    // Length, attributes, time, offset, length of the key; then the key: version and type.
    guard self.unsigned() != nil, self.skip(1), self.unsigned() != nil, self.unsigned() != nil, self.unsigned() != nil,
      self.skip(2)
    else { return nil }
    return self.int16()
  }
}

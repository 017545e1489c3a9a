import EventLog
import MnemeCore
import Testing

@Suite struct RecordHeadersTests {
  private static func headers(_ random: inout SplitMix64) -> [LogHeader] {
    (0..<Int.random(in: 0...6, using: &random)).map { index in
      LogHeader(
        String(repeating: "é", count: index),
        bytes: (0..<Int.random(in: 0...300, using: &random)).map { UInt8($0 & 255) })
    }
  }

  @Test(arguments: 1...50 as ClosedRange<UInt64>)
  func headersComeBackAndDamagedOnesAreNoticed(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let headers = Self.headers(&random)
    let bytes = RecordHeaders(headers).bytes
    #expect(Array(try #require(RecordHeaders(bytes: bytes))) == headers)
    for _ in 0..<20 {
      // Whatever the bytes, nothing crashes; headers that were cut are not taken for whole ones.
      var damaged = bytes
      for index in damaged.indices where Int.random(in: 0..<10, using: &random) == 0 {
        damaged[index] = UInt8.random(in: 0...255, using: &random)
      }
      if let read = RecordHeaders(bytes: damaged) { #expect(RecordHeaders(Array(read)).count == read.count) }
      let cut = RecordHeaders(bytes: Array(bytes.prefix(Int.random(in: 0...bytes.count, using: &random))))
      #expect(cut.map { headers.starts(with: $0) } ?? true, "seed \(seed)")
    }
  }

  /// They are what an array of the same headers would be.
  @Test(arguments: 1...20 as ClosedRange<UInt64>)
  func theyChangeAsAnArrayDoes(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    var array = Self.headers(&random)
    var headers = RecordHeaders(array)
    for _ in 0..<30 {
      switch random.below(4) {
      case 0:
        let header = LogHeader("x", bytes: [UInt8](repeating: 7, count: random.below(9)))
        array.append(header)
        headers.append(header)
      case 1:
        array.removeAll { $0.name == "x" }
        headers.removeAll { $0.name == "x" }
      case 2 where !array.isEmpty:
        let place = random.below(array.count)
        array.remove(at: place)
        headers.remove(at: headers.index(headers.startIndex, offsetBy: place))
      case _:
        let more = Self.headers(&random)
        array += more
        headers += more
      }
      #expect(Array(headers) == array && headers == RecordHeaders(array), "seed \(seed)")
      #expect(headers.contentByteCount == array.reduce(0) { $0 + $1.name.utf8.count + $1.value.count })
    }
  }
}

import MnemeCore
import Testing

@Suite struct TimeTests {
  @Test(arguments: [
    ("1970-01-01", 0), ("1970-01-01T00:00:00Z", 0), ("2026-11-21T06:23:40.000Z", 1_795_242_220_000),
    ("2026-11-21T08:23:40+02:00", 1_795_242_220_000), ("2026-11-21T06:23:40.1239Z", 1_795_242_220_123),
    ("2026-11-21 06:23", 1_795_242_180_000), ("1969-12-31T23:59:59.999Z", -1), ("2024-02-29", 1_709_164_800_000),
    ("2026-11-21T06:23:40-0130", 1_795_247_620_000),
  ])
  func readsRFC3339(text: String, milliseconds: Int) {
    #expect(Timestamp(text)?.milliseconds == Int64(milliseconds))
  }

  @Test(arguments: [
    "", "2026", "2026-13-01", "2026-02-29", "2026-11-21T24:00:00Z", "2026-11-21T06:60:00Z", "2026-11-21T06:23:40.Z",
    "2026-11-21T06:23:40ZZ", "2026-11-21X", "0000-01-01", "２０２６-11-21", "2026-11-21T06:23:40+99:00", "20261121",
  ])
  func refusesWhatIsNoTime(text: String) {
    #expect(Timestamp(text) == nil)
  }

  @Test func writesWhatItReads() {
    var random = SplitMix64(seed: 1)
    for _ in 0..<10_000 {
      let span = Timestamp.range.upperBound.milliseconds - Timestamp.range.lowerBound.milliseconds
      let time = Timestamp(
        milliseconds: Timestamp.range.lowerBound.milliseconds + Int64(random.next() % UInt64(span)))
      #expect(Timestamp(time.description) == time)
    }
  }

  /// The quick reader of the usual form reads it as the other one does, and nothing else.
  @Test(arguments: 1...20 as ClosedRange<UInt64>)
  func theCanonicalFormIsReadAlike(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    let least = Timestamp.range.lowerBound.milliseconds
    for _ in 0..<100 {
      let time = Timestamp(
        milliseconds: Int64.random(in: least...Timestamp.range.upperBound.milliseconds, using: &random))
      var text = Array(time.description.utf8)
      #expect(Timestamp(canonical: text[...]) == time)
      text[random.below(text.count)] = [UInt8(ascii: "9"), UInt8(ascii: "x"), UInt8(ascii: "-")][random.below(3)]
      if let read = Timestamp(canonical: text[...]) {
        #expect(read == Timestamp(String(decoding: text, as: UTF8.self)))
      }
      #expect(Timestamp(canonical: text.dropLast()) == nil)
    }
  }

  @Test func daysFollowEachOther() {
    var previous = CivilDay(year: 1599, month: 12, day: 31)
    for number in CivilDay(year: 1600, month: 1, day: 1).number..<CivilDay(year: 2101, month: 1, day: 1).number {
      let day = CivilDay(number: number)
      let (year, month, dayOfMonth) = day.components
      #expect(CivilDay(validYear: year, month: month, day: dayOfMonth) == day)
      #expect(day.weekday == (previous.weekday + 1) % 7)
      previous = day
    }
    #expect(CivilDay(year: 2026, month: 11, day: 21).weekday == 5)
  }

  @Test(arguments: [
    ("2026-01-31", 1, "2026-02-28"), ("2024-01-31", 1, "2024-02-29"), ("2026-03-15", -3, "2025-12-15"),
    ("2026-11-21", 12, "2027-11-21"), ("2026-11-21", -23, "2024-12-21"),
  ])
  func addsMonths(from: String, months: Int, to: String) {
    #expect(Timestamp(from)?.day.adding(months: months).description == to)
  }
}

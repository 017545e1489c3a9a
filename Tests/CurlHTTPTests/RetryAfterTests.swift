import CurlHTTP
import Testing

struct RetryAfterTests {
  /// 1994-11-06T08:49:37Z, the date of RFC 9110's examples.
  private static let date: Int64 = 784_111_777

  @Test(
    arguments: [
      ("0", .zero), ("7", .seconds(7)), (" 120\t", .seconds(120)), ("1.5", .milliseconds(1500)),
      ("999999999999999999999999", RetryAfter.maxDelay), ("86401", RetryAfter.maxDelay),
      ("", nil), ("   ", nil), ("soon", nil), ("-3", nil), ("7s", nil), ("0x10", nil), ("1e3", nil), ("1.2.3", nil),
      ("nan", nil), ("inf", nil),
    ] as [(String, Duration?)])
  func `seconds are read, anything else is not`(value: String, expected: Duration?) {
    #expect(RetryAfter.delay(value, unixSeconds: Self.date) == expected)
  }

  @Test(arguments: [
    "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
  ])
  func `all three date formats count from now`(value: String) {
    #expect(RetryAfter.delay(value, unixSeconds: Self.date - 30) == .seconds(30))
    #expect(RetryAfter.delay(value, unixSeconds: Self.date) == .zero)
    #expect(RetryAfter.delay(value, unixSeconds: Self.date + 30) == .zero)
    #expect(RetryAfter.delay(value, unixSeconds: 0) == RetryAfter.maxDelay)
  }

  @Test(arguments: ["Sun, 99 Nov 1994 08:49:37 GMT", "GMT", "Foo Bar 99"])
  func `a damaged date is none`(value: String) {
    #expect(RetryAfter.delay(value, unixSeconds: Self.date) == nil)
  }
}

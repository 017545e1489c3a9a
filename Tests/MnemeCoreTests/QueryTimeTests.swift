import MnemeCore
import Testing

/// Sunday, 15 March 2026, in the afternoon.
private let reference = Timestamp(CivilDay(year: 2026, month: 3, day: 15), hour: 15)

@Suite struct QueryTimeTests {
  /// A question, the words that tell a time, and its first and last day; "…" where it has none.
  struct Row: CustomTestStringConvertible, Sendable {
    let question: String
    let words: String
    let days: String
    var testDescription: String { question }

    init(_ question: String, _ words: String, _ days: String) {
      self.question = question
      self.words = words
      self.days = days
    }
  }

  static let dates: [Row] = [
    Row("What did Ann do on 7 May 2023?", "on 7 May 2023", "2023-05-07 2023-05-07"),
    Row("Where was I on May 7th", "on May 7th", "2025-05-07 2025-05-07"),
    Row("the meeting of 2023-05-07", "2023-05-07", "2023-05-07 2023-05-07"),
    Row("the meeting of 2023-05-07T10:30", "2023-05-07T10:30", "2023-05-07 2023-05-07"),
    Row("what was in 05/2023?", "05/2023", "2023-05-01 2023-05-31"),
    Row("on 13/05/2023", "13/05/2023", "2023-05-13 2023-05-13"),
    Row("on 05/13/2023", "05/13/2023", "2023-05-13 2023-05-13"),
    Row("on 5/5/2023", "5/5/2023", "2023-05-05 2023-05-05"),
    Row("on 13.5.2023", "13.5.2023", "2023-05-13 2023-05-13"),
    Row("what happened 2021-2023", "2021-2023", "2021-01-01 2023-12-31"),
    Row("Who came to the party in May?", "in May", "2025-05-01 2025-05-31"),
    Row("who came in march", "in march", "2026-03-01 2026-03-31"),
    Row("Where will we go in May?", "in May", "2026-05-01 2026-05-31"),
    Row("Are we going to move in May?", "in May", "2026-05-01 2026-05-31"),
    Row("What did Will do in May?", "in May", "2025-05-01 2025-05-31"),
    Row("What is the May 2023 report about?", "May 2023", "2023-05-01 2023-05-31"),
    Row("the 2022 trip", "2022", "2022-01-01 2022-12-31"),
    Row("What did I do in 2000?", "in 2000", "2000-01-01 2000-12-31"),
    Row("in the summer of 2022", "in the summer of 2022", "2022-06-01 2022-08-31"),
    Row("What did we do last summer?", "last summer", "2025-06-01 2025-08-31"),
    Row("What did we do in the summer?", "in the summer", "2025-06-01 2025-08-31"),
    Row("What about this spring?", "this spring", "2026-03-01 2026-05-31"),
    Row("next summer", "next summer", "2026-06-01 2026-08-31"),
    Row("last winter", "last winter", "2025-12-01 2026-02-28"),
    Row("at Christmas", "at Christmas", "2025-12-25 2025-12-25"),
    Row("at Christmas 2022", "at Christmas 2022", "2022-12-25 2022-12-25"),
    Row("on Valentine’s day", "on Valentine’s day", "2026-02-14 2026-02-14"),
    Row("in May last year", "in May last year", "2025-05-01 2025-05-31"),
    Row("in January this year", "in January this year", "2026-01-01 2026-01-31"),
    Row("on Monday last week", "on Monday last week", "2026-03-02 2026-03-02"),
    Row("on Sunday last week", "on Sunday last week", "2026-03-08 2026-03-08"),
    Row("the week of 4 July 2023", "the week of 4 July 2023", "2023-07-03 2023-07-09"),
    Row("over the weekend of July 4th, 2023", "over the weekend of July 4th, 2023", "2023-07-08 2023-07-09"),
  ]

  static let nearby: [Row] = [
    Row("What did I eat yesterday?", "yesterday", "2026-03-14 2026-03-14"),
    Row("today", "today", "2026-03-15 2026-03-15"), Row("tonight", "tonight", "2026-03-15 2026-03-15"),
    Row("Who called last night?", "last night", "2026-03-14 2026-03-14"),
    Row("the day before yesterday", "the day before yesterday", "2026-03-13 2026-03-13"),
    Row("What did I say 3 days ago?", "3 days ago", "2026-03-12 2026-03-12"),
    Row("two weeks ago", "two weeks ago", "2026-02-23 2026-03-01"),
    Row("a month ago", "a month ago", "2026-02-01 2026-02-28"),
    Row("3 years ago", "3 years ago", "2023-01-01 2023-12-31"),
    Row("a few days ago", "a few days ago", "2026-03-11 2026-03-13"),
    Row("a couple of weeks ago", "a couple of weeks ago", "2026-02-16 2026-03-08"),
    Row("last week", "last week", "2026-03-02 2026-03-08"), Row("this week", "this week", "2026-03-09 2026-03-15"),
    Row("the past week", "the past week", "2026-03-08 2026-03-15"),
    Row("last month", "last month", "2026-02-01 2026-02-28"),
    Row("in the last month", "in the last month", "2026-02-15 2026-03-15"),
    Row("last year", "last year", "2025-01-01 2025-12-31"),
    Row("last weekend", "last weekend", "2026-03-07 2026-03-08"),
    Row("What did I do over the weekend?", "over the weekend", "2026-03-14 2026-03-15"),
    Row("last Monday", "last Monday", "2026-03-09 2026-03-09"),
    Row("this past Monday", "this past Monday", "2026-03-09 2026-03-09"),
    Row("on Monday", "on Monday", "2026-03-09 2026-03-09"),
    Row("next Tuesday", "next Tuesday", "2026-03-17 2026-03-17"),
    Row("in the last 10 days", "in the last 10 days", "2026-03-05 2026-03-15"),
    Row("over the past three months", "over the past three months", "2025-12-15 2026-03-15"),
    Row("in the past few weeks", "in the past few weeks", "2026-02-22 2026-03-15"),
    Row("What have I read recently?", "recently", "2026-02-13 2026-03-15"),
    Row("What have I done lately?", "lately", "2026-02-13 2026-03-15"),
  ]

  static let bounded: [Row] = [
    Row("Where did I live before 2020?", "before 2020", "… 2019-12-31"),
    Row("before 2000", "before 2000", "… 1999-12-31"),
    Row("after 7 May 2023", "after 7 May 2023", "2023-05-08 …"), Row("since May", "since May", "2025-05-01 …"),
    Row("since last year", "since last year", "2025-01-01 …"), Row("until 2020", "until 2020", "… 2020-12-31"),
    Row("prior to May 2023", "prior to May 2023", "… 2023-04-30"),
    Row("before last summer", "before last summer", "… 2025-05-31"),
    Row("after Christmas", "after Christmas", "2025-12-26 …"),
    Row("two weeks before 9 June 2023", "two weeks before 9 June 2023", "2023-05-26 2023-06-08"),
    Row("the week after 9 June 2023", "the week after 9 June 2023", "2023-06-10 2023-06-16"),
    Row("before the wedding in June 2023", "before the wedding in June 2023", "… 2023-05-31"),
    Row("between May and July", "between May and July", "2025-05-01 2025-07-31"),
    Row("between 7 May 2023 and 9 May 2023", "between 7 May 2023 and 9 May 2023", "2023-05-07 2023-05-09"),
    Row("between May 7 and May 9, 2023", "between May 7 and May 9, 2023", "2023-05-07 2023-05-09"),
    Row("between November and February", "between November and February", "2025-11-01 2026-02-28"),
    Row("from May 2022 to March", "from May 2022 to March", "2022-05-01 2023-03-31"),
    Row("between 2019 and 2021", "between 2019 and 2021", "2019-01-01 2021-12-31"),
    Row("from Monday to Wednesday", "from Monday to Wednesday", "2026-03-09 2026-03-11"),
    Row("in May or June 2023", "in May or June 2023", "2023-05-01 2023-06-30"),
    Row("the first half of 2023", "the first half of 2023", "2023-01-01 2023-07-02"),
    Row("in the second half of May 2023", "in the second half of May 2023", "2023-05-17 2023-05-31"),
    Row("in early May 2023", "in early May 2023", "2023-05-01 2023-05-10"),
    Row("late 2023", "late 2023", "2023-09-01 2023-12-31"), Row("mid-2023", "mid-2023", "2023-05-03 2023-08-31"),
    Row("early last year", "early last year", "2025-01-01 2025-05-02"),
    Row("the first week of May", "the first week of May", "2025-05-01 2025-05-07"),
    Row("the last week of May 2023", "the last week of May 2023", "2023-05-25 2023-05-31"),
    Row("at the end of May", "the end of May", "2025-05-22 2025-05-31"),
  ]

  @Test(arguments: dates + nearby + bounded)
  func aDateIsAnInterval(_ row: Row) throws {
    let time = try #require(QueryTime(row.question, reference: reference))
    #expect(time.words == row.words)
    #expect(String(decoding: Array(row.question.utf8)[time.range], as: UTF8.self) == row.words)
    guard case .interval(let interval) = time.meaning else {
      Issue.record("\(time.meaning)")
      return
    }
    let first = interval.from == CivilInterval.distantPast ? "…" : interval.from.day.description
    let last =
      interval.to == CivilInterval.distantFuture
      ? "…" : Timestamp(milliseconds: interval.to.milliseconds - 1).day.description
    #expect("\(first) \(last)" == row.days)
    for bound in [interval.from, interval.to] where CivilInterval.distantPast < bound {
      #expect(bound == CivilInterval.distantFuture || Timestamp(bound.day) == bound)
    }
  }

  static let events: [(String, String, QueryTime.Side, String)] = [
    ("What did I do before I moved to Berlin?", "I moved to Berlin", .before, "before I moved to Berlin"),
    ("Before I moved, where did I live?", "I moved", .before, "Before I moved"),
    ("Before I moved where did I live?", "I moved", .before, "Before I moved"),
    (
      "Where does Ann work since she left the hospital?", "she left the hospital", .after, "since she left the hospital"
    ),
    ("How did Bo feel after the accident?", "the accident", .after, "after the accident"),
    ("What did we eat prior to moving?", "moving", .before, "prior to moving"),
    ("Where did I live until my wedding?", "my wedding", .before, "until my wedding"),
    ("the day before I moved", "I moved", .before, "before I moved"),
    ("What did Cy do after Ann’s party – and where?", "Ann’s party", .after, "after Ann’s party"),
  ]

  @Test(arguments: events)
  func anEventIsToBeLookedUp(question: String, event: String, side: QueryTime.Side, words: String) throws {
    let time = try #require(QueryTime(question, reference: reference))
    #expect(time.meaning == .relative(to: event, side))
    #expect(time.words == words)
  }

  @Test(arguments: [
    "", "?", "Where does Alex live?", "What may I eat?", "Who does she look after?", "Who is Bo named after?",
    "What is there after all?", "Since I am vegan, what can I eat?", "Where was the room 2019b?",
    "What is on 7/5/2023?", "How many years did I live in Rome?", "spring rolls", "What do I do every Monday?",
    "How many of the 2000 calories?", "Is there milk in the fridge?", "What do I think of May?", "the second half",
    "What does the end of the book say?", "I have known her for years", "3.5 or 10:30", "before", "between", "after ?",
    "in 99999999 days", "between you and me", "\u{0}\u{1}", "in the last 5000 years",
  ])
  func whatTellsNoTimeIsNone(question: String) {
    #expect(QueryTime(question, reference: reference) == nil)
  }

  @Test func whateverIsAskedIsRead() {
    let words = [
      "before", "after", "between", "and", "May", "2023", "7", "last", "week", "of", "the", "in", "early", "half",
      "first", "–", ",", "?", "I", "moved", "from", "to", "two", "days", "ago", "Monday", "'s", "valentine", "’",
      "summer", "9999-12-31", "0001-01-01", "12/2023", "weekend", "past", "few", "é", "\u{2019}", "until", "31",
    ]
    var random = SplitMix64(seed: 7)
    for _ in 0..<20_000 {
      let count = Int(random.next() % 8)
      let question = (0..<count).map { _ in words[Int(random.next() % UInt64(words.count))] }
        .joined(separator: random.next() % 4 == 0 ? "" : " ")
      for time in [reference, Timestamp.range.lowerBound, Timestamp.range.upperBound] {
        guard let found = QueryTime(question, reference: time) else { continue }
        #expect(String(decoding: Array(question.utf8)[found.range], as: UTF8.self) == found.words, "\(question)")
        if case .interval(let interval) = found.meaning { #expect(interval.from < interval.to, "\(question)") }
      }
    }
  }
}

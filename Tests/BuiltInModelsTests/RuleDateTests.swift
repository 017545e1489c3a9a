import MnemeCore
import Testing

@testable import BuiltInModels

/// A text, the day on which it is said, and the dates that it means.
struct DateCase: Sendable, CustomTestStringConvertible {
  var text: String
  var dates: [String]
  var testDescription: String { text }

  init(_ text: String, _ dates: String...) {
    self.text = text
    self.dates = dates
  }
}

@Suite("Dates that the rules resolve")
struct RuleDateTests {
  /// Said on Sunday, 15 March 2026.
  static let relative: [DateCase] = [
    DateCase("yesterday", "14 March 2026"),
    DateCase("the day before yesterday", "13 March 2026"),
    DateCase("last night", "14 March 2026"),
    DateCase("tonight", "15 March 2026"),
    DateCase("this morning", "15 March 2026"),
    DateCase("tomorrow", "16 March 2026"),
    DateCase("the day after tomorrow", "17 March 2026"),
    DateCase("three days ago", "12 March 2026"),
    DateCase("a couple of days ago", "around 13 March 2026"),
    DateCase("a few days ago", "around 12 March 2026"),
    DateCase("two weeks ago", "week of 23 February 2026"),
    DateCase("a month ago", "February 2026"),
    DateCase("3 years ago", "2023"),
    DateCase("two decades ago", "2006"),
    DateCase("in ten days", "25 March 2026"),
    DateCase("two weeks from now", "week of 23 March 2026"),
    DateCase("last Friday", "13 March 2026"),
    DateCase("last Sunday", "8 March 2026"),
    DateCase("next Tuesday", "17 March 2026"),
    DateCase("I saw it on Wednesday", "11 March 2026"),
    DateCase("I will see it on Wednesday", "18 March 2026"),
    DateCase("last week", "week of 2 March 2026"),
    DateCase("next week", "week of 16 March 2026"),
    DateCase("this weekend", "weekend of 14 March 2026"),
    DateCase("last weekend", "weekend of 7 March 2026"),
    DateCase("last month", "February 2026"),
    DateCase("next month", "April 2026"),
    DateCase("last year", "2025"),
    DateCase("this year", "2026"),
    DateCase("next summer", "summer 2026"),
    DateCase("last summer", "summer 2025"),
    DateCase("last winter", "winter 2025"),
    DateCase("in March", "March 2026"),
    DateCase("we went in May", "May 2025"),
    DateCase("we are going to go in May", "May 2026"),
    DateCase("last March", "March 2025"),
    DateCase("next January", "January 2027"),
    DateCase("it happened on the 5th", "5 March 2026"),
    DateCase("it is due on the 5th", "5 April 2026"),
    DateCase("we are flying in June", "June 2026"),
    DateCase("the meeting is on Friday", "20 March 2026"),
    DateCase("on 4 July", "4 July 2025"),
    DateCase("we plan it for July 4th", "4 July 2026"),
    DateCase("last Christmas", "25 December 2025"),
    DateCase("in 2019", "2019"),
    DateCase("since 2016", "2016"),
    DateCase("in March 2021", "March 2021"),
    DateCase("on March 5, 2021", "5 March 2021"),
    DateCase("5th of March 2021", "5 March 2021"),
    DateCase("on 2021-03-05", "5 March 2021"),
    DateCase("summer of 2020", "summer 2020"),
    DateCase("I have been here for six years", "2020"),
    DateCase("yesterday and last year", "14 March 2026", "2025"),
  ]

  static let none: [DateCase] = [
    DateCase("I may go"), DateCase("they march on"), DateCase("spring rolls"), DateCase("we fall apart"),
    DateCase("I waited for six hours"), DateCase("once upon a time"),
    DateCase("room 2019b"), DateCase(""),
  ]

  @Test("an expression means its days", arguments: relative + none)
  func resolves(_ row: DateCase) {
    let mentions = DateFinder.mentions(in: row.text, today: CivilDay(year: 2026, month: 3, day: 15))
    #expect(mentions.map(\.span.text) == row.dates)
  }

  @Test("at the ends of a year, months and weeks belong to the right one")
  func yearEnds() {
    let newYear = CivilDay(year: 2026, month: 1, day: 1)
    #expect(DateFinder.mentions(in: "yesterday", today: newYear).map(\.span.text) == ["31 December 2025"])
    #expect(DateFinder.mentions(in: "last month", today: newYear).map(\.span.text) == ["December 2025"])
    #expect(DateFinder.mentions(in: "last week", today: newYear).map(\.span.text) == ["week of 22 December 2025"])
    let leapDay = CivilDay(year: 2024, month: 2, day: 29)
    #expect(DateFinder.mentions(in: "a year ago", today: leapDay).map(\.span.text) == ["2023"])
    #expect(DateFinder.mentions(in: "tomorrow", today: leapDay).map(\.span.text) == ["1 March 2024"])
  }

  @Test("a statement explains its dates and holds from the first of them")
  func annotates() throws {
    let fact = try #require(facts("I went to a pottery fair yesterday", name: "Ines").first)
    #expect(fact.text == "Ines: I went to a pottery fair yesterday (14 March 2026)")
    #expect(fact.validFrom == Timestamp(CivilDay(year: 2026, month: 3, day: 14)))
    #expect(fact.attribute == "event")
    #expect(fact.value == "went to a pottery fair")
    let absolute = try #require(facts("We opened the bakery in May 2019.").first)
    #expect(absolute.text == "User: We opened the bakery in May 2019")
    #expect(absolute.validFrom == Timestamp(CivilDay(year: 2019, month: 5, day: 1)))
  }

  @Test("what is to come is dated in the text and holds from now on")
  func future() throws {
    let fact = try #require(facts("The choir sings in the town hall next Friday.").first)
    #expect(fact.text == "User: The choir sings in the town hall next Friday (20 March 2026)")
    #expect(fact.validFrom == nil)
  }

  @Test("an end that the text states is the end of the fact")
  func until() throws {
    let fact = try #require(facts("The exhibition runs until 20 March 2026.").first)
    #expect(fact.validTo == Timestamp(CivilDay(year: 2026, month: 3, day: 20)))
  }

  @Test("for as long as … tells since when")
  func duration() throws {
    let fact = try #require(facts("I've lived in Oslo for six years.").first)
    #expect(fact.text == "Lives in Oslo (since 2020)")
    #expect(fact.validFrom == Timestamp(CivilDay(year: 2020, month: 1, day: 1)))
  }
}

/// A stretch of days that a text names, and how exactly it names it.
package struct DateSpan: Hashable, Sendable {
  /// The unit in which the text speaks.
  package enum Grain: Sendable, Comparable { case day, weekend, week, month, season, year }

  /// The first day.
  package var first: CivilDay
  /// The last day.
  package var last: CivilDay
  /// The unit in which the text speaks.
  package var grain: Grain
  /// Whether the text gives it roughly: "a few days ago".
  package var isRough = false

  /// One day.
  static func day(_ day: CivilDay) -> DateSpan { DateSpan(first: day, last: day, grain: .day) }

  /// The week, Monday to Sunday, that holds `day`.
  static func week(of day: CivilDay) -> DateSpan {
    let monday = CivilDay(number: day.number - day.weekday)
    return DateSpan(first: monday, last: CivilDay(number: monday.number + 6), grain: .week)
  }

  /// Saturday and Sunday of the week that holds `day`.
  static func weekend(of day: CivilDay) -> DateSpan {
    let saturday = CivilDay(number: day.number - day.weekday + 5)
    return DateSpan(first: saturday, last: CivilDay(number: saturday.number + 1), grain: .weekend)
  }

  static func month(year: Int, month: Int) -> DateSpan {
    DateSpan(
      first: CivilDay(year: year, month: month, day: 1),
      last: CivilDay(year: year, month: month, day: CivilDay.dayCount(year: year, month: month)), grain: .month)
  }

  static func month(of day: CivilDay) -> DateSpan { month(year: day.components.year, month: day.components.month) }

  static func year(_ year: Int) -> DateSpan {
    DateSpan(
      first: CivilDay(year: year, month: 1, day: 1), last: CivilDay(year: year, month: 12, day: 31), grain: .year)
  }

  /// A season of the northern hemisphere, as the meteorologists count it: winter begins in December of `year`.
  static func season(_ season: Season, year: Int) -> DateSpan {
    let first = CivilDay(year: year, month: season.firstMonth, day: 1)
    return DateSpan(first: first, last: CivilDay(number: first.adding(months: 3).number - 1), grain: .season)
  }

  /// How a statement writes it: `7 May 2023`, `week of 1 May 2023`, `May 2023`, `summer 2023`, `2023`.
  package var text: String {
    let (year, month, _) = first.components
    let prefix = isRough ? "around " : ""
    switch grain {
    case .day: return prefix + first.longDescription
    case .week: return "week of " + first.longDescription
    case .weekend: return "weekend of " + first.longDescription
    case .month: return prefix + CivilDay.monthNames[month - 1] + " " + String(year)
    case .season: return Season.name(firstMonth: month) + " " + String(year)
    case .year: return prefix + String(year)
    }
  }

  /// Midnight, UTC, of the first day.
  package var start: Timestamp { Timestamp(first) }
}

/// A season of the northern hemisphere.
package enum Season: String, CaseIterable, Sendable {
  case spring, summer, autumn, winter

  var firstMonth: Int {
    switch self {
    case .spring: 3
    case .summer: 6
    case .autumn: 9
    case .winter: 12
    }
  }

  static func name(firstMonth: Int) -> String { allCases.first { $0.firstMonth == firstMonth }?.rawValue ?? "" }
}

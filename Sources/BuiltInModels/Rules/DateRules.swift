/// What an expression of time means, given the day on which it is said.
enum DateMeaning: Sendable {
  /// That many days later.
  case days(Int)
  /// The unit in the pattern (week, weekend, month, year, season, weekday), that many later than this one.
  case unit(Int)
  /// The number in the pattern times its unit, in the past or in the future.
  case past, ahead
  /// A given number of the unit in the pattern ago, roughly.
  case roughly(Int)
  /// For as long as the number in the pattern times its unit, up to now.
  case duration
  /// The nearest one of that name: in the past, or in the future where the clause speaks of it.
  case nearest
  /// A day of the month, with or without month and year.
  case calendar
  /// A feast with a fixed date, last, this, or next.
  case feast(month: Int, day: Int, offset: Int?)
}

/// Expressions of time. The first that matches at a word wins, so longer ones stand first.
enum DateRules {
  static let rows: [(String, DateMeaning)] = days + units + distances + calendar + feasts

  private static let days: [(String, DateMeaning)] = [
    ("?the day before yesterday", .days(-2)),
    ("?the day after tomorrow", .days(2)),
    ("yesterday ?morning|afternoon|evening|night", .days(-1)),
    ("last night|evening", .days(-1)),
    ("today", .days(0)),
    ("tonight", .days(0)),
    ("this morning|afternoon|evening", .days(0)),
    ("earlier today", .days(0)),
    ("tomorrow ?morning|afternoon|evening|night", .days(1)),
  ]

  private static let units: [(String, DateMeaning)] = [
    ("?the|this past|last {weekday}", .unit(-1)),
    ("?the|this past|last|previous {span}", .unit(-1)),
    ("?the|this next|following|upcoming|coming {weekday}", .unit(1)),
    ("?the next|following|upcoming|coming {span}", .unit(1)),
    ("this {weekday}", .nearest),
    ("this|over|during the {span}", .unit(0)),
    ("earlier|later this {span}", .unit(0)),
    ("this {span}", .unit(0)),
    ("last|past|previous {month}", .unit(-1)),
    ("next|coming {month}", .unit(1)),
  ]

  private static let distances: [(String, DateMeaning)] = [
    ("{number} {unit} ago", .past),
    ("{number} {unit} back", .past),
    ("a|an|one {unit} ago", .roughly(1)),
    ("a|the couple ?of {unit} ago|back", .roughly(2)),
    ("a few {unit} ago|back", .roughly(3)),
    ("several {unit} ago|back", .roughly(4)),
    ("in|within {number} {unit}", .ahead),
    ("{number} {unit} from now", .ahead),
    ("in a|an {unit}", .roughly(-1)),
    ("in a couple ?of {unit}", .roughly(-2)),
    ("in a few {unit}", .roughly(-3)),
    ("for ?the ?past|last {number} {unit} ?now", .duration),
    ("over|during the past|last {number} {unit}", .duration),
    ("for ?the ?past|last ?about|over|almost|nearly {number} {unit} ?now", .duration),
  ]

  private static let calendar: [(String, DateMeaning)] = [
    ("{isoDate}", .calendar),
    ("?on {weekday} ?, ?the {dayOfMonth} ?of {month} ?, {year}", .calendar),
    ("?on {weekday} ?, {month} ?the {dayOfMonth} ?, {year}", .calendar),
    ("?on ?the {dayOfMonth} ?of {month} ?, {year}", .calendar),
    ("?on {month} ?the {dayOfMonth} ?, {year}", .calendar),
    ("?on ?the {dayOfMonth} ?of {month}", .calendar),
    ("?on {month} ?the {dayOfMonth}", .calendar),
    ("?in|since|until|till|by|from ?early|late|mid ?of {month} ?, ?of {year}", .calendar),
    ("in|since|until|till|by|during|from ?early|late|mid {month}", .nearest),
    ("?in|since|until|till|during ?early|late ?the {season} ?of {year}", .calendar),
    ("in|since|until|till|during ?the {season}", .nearest),
    ("in|since|until|till|from|by ?early|late|mid|about|around {year}", .calendar),
    ("on the {ordinal}", .nearest),
    ("on|since|until|till|by {weekday} ?morning|afternoon|evening|night", .nearest),
  ]

  private static let feasts: [(String, DateMeaning)] =
    [
      ("christmas eve", 12, 24), ("christmas", 12, 25), ("halloween", 10, 31), ("valentine 's ?day", 2, 14),
      ("new year 's eve", 12, 31), ("new year 's ?day", 1, 1),
    ]
    .flatMap { name, month, day in
      [
        ("last \(name)", .feast(month: month, day: day, offset: -1)),
        ("next \(name)", .feast(month: month, day: day, offset: 1)),
        ("?this|on|at|for|over \(name)", .feast(month: month, day: day, offset: nil)),
      ]
    }
}

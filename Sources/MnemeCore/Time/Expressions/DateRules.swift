/// What an expression of time means, given the day on which it is said.
package enum DateMeaning: Sendable {
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
  /// From that many of the unit in the pattern ago up to now; nil: the number in the pattern.
  case within(Int?)
  /// From that many days ago up to now.
  case recent(days: Int)
  /// The nearest one of that name: in the past, or in the future where the clause speaks of it.
  case nearest
  /// A day of the month, with or without month and year.
  case calendar
  /// A feast with a fixed date, last, this, or next.
  case feast(month: Int, day: Int, offset: Int?)
}

/// Expressions of time: the one grammar for statements, from which facts are read, and for questions. The first that
/// matches at a word wins, so longer ones stand first.
package enum DateRules {
  /// Days that "recently" and "lately" go back.
  package static let recentDayCount = 30

  /// The words of all rules.
  package static let lexicon = tables.lexicon
  /// Expressions in what somebody says.
  package static let statements = tables.statements
  /// Expressions in a question; those in which only a name stands are not among them.
  static let questions = tables.questions
  /// Expressions after "before", "between" and the like, where a name alone is one.
  static let operands = tables.operands
  static let this = tables.this

  private struct Tables: Sendable {
    var lexicon: TimeLexicon
    let statements, questions, operands: DateTable
    let this: TimeLexicon.WordID

    init(words: [String]) {
      var lexicon = TimeLexicon()
      for word in words { _ = lexicon.add(word) }
      statements = DateTable(DateRules.statementRows, lexicon: &lexicon)
      let questionRows = DateRules.questionRows + DateRules.statementRows + DateRules.wholeRows
      questions = DateTable(questionRows, lexicon: &lexicon)
      operands = DateTable(questionRows + DateRules.operandRows, lexicon: &lexicon)
      this = lexicon.add("this")
      self.lexicon = lexicon
    }
  }

  private static let tables = Tables(words: TimeQuestion.words)

  private static let statementRows = days + units + distances + calendar + feasts

  /// What only a question says so, or means so: "the past week" is the last seven days there.
  private static let questionRows: [(String, DateMeaning)] =
    [
      ("?in|over|during|within|for ?the past|last {number} {unit}", .within(nil)),
      ("?in|over|during|within|for ?the past|last couple ?of {unit}", .within(2)),
      ("?in|over|during|within|for ?the past|last few|several {unit}", .within(3)),
      ("?in|over|during|within|for the past {unit}", .within(1)),
      ("in|over|during|within the last {unit}", .within(1)),
      ("recently", .recent(days: recentDayCount)),
      ("lately", .recent(days: recentDayCount)),
      ("over|at|on|during the weekend", .nearest),
      ("{digits}", .calendar),
    ]
    + feastDays.map { name, month, day in
      ("?on|at|for|over \(name) ?, ?of|in {year}", .feast(month: month, day: day, offset: nil))
    }

  /// A year by itself.
  private static let wholeRows: [(String, DateMeaning)] = [("{bareYear}", .calendar)]

  /// Names that are dates only where a date is expected.
  private static let operandRows: [(String, DateMeaning)] = [
    ("?early|late|mid {month}", .nearest), ("?the {season}", .nearest), ("{weekday}", .nearest),
    ("?the {ordinal}", .nearest), ("?the weekend", .nearest), ("{year}", .calendar),
  ]

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

  private static let feastDays: [(name: String, month: Int, day: Int)] = [
    ("christmas eve", 12, 24), ("christmas", 12, 25), ("halloween", 10, 31), ("valentine 's ?day", 2, 14),
    ("new year 's eve", 12, 31), ("new year 's ?day", 1, 1),
  ]

  private static let feasts: [(String, DateMeaning)] = feastDays.flatMap { name, month, day in
    [
      ("last \(name)", .feast(month: month, day: day, offset: -1)),
      ("next \(name)", .feast(month: month, day: day, offset: 1)),
      ("?this|on|at|for|over \(name)", .feast(month: month, day: day, offset: nil)),
    ]
  }
}

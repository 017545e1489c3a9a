/// Says which days an expression of time means, given the day on which it is said.
package struct DateCalendar: Sendable {
  private let today: CivilDay

  /// Years that a date may lie in.
  private static let years = 1000...3000

  /// The meanings of what is said on `today`.
  package init(today: CivilDay) { self.today = today }

  /// The days, and whether they need no explanation: the words give day or month, and year. `isFuture`: names without
  /// a year mean the next one, not the last one.
  package func span(
    of meaning: DateMeaning, _ match: DateMatch, isFuture: Bool
  ) -> (span: DateSpan, isAbsolute: Bool)? {
    let found: (span: DateSpan, isAbsolute: Bool)? =
      switch meaning {
      case .days(let count): (.day(CivilDay(number: today.number + count)), false)
      case .unit(let offset): unit(match, offset: offset).map { ($0, false) }
      case .past, .duration: distance(match.number.map { -$0 }, match.unit, isRough: false).map { ($0, false) }
      case .ahead: distance(match.number, match.unit, isRough: false).map { ($0, false) }
      case .roughly(let count): distance(-count, match.unit, isRough: abs(count) > 1).map { ($0, false) }
      case .within(let count): within(count ?? match.number, match.unit).map { ($0, false) }
      case .recent(let days): (upToNow(CivilDay(number: today.number - days)), false)
      case .nearest: nearest(match, isFuture: isFuture).map { ($0, false) }
      case .calendar: calendar(match, isFuture: isFuture)
      case .feast(let month, let day, let offset):
        if let year = match.year {
          (.day(CivilDay(year: year, month: month, day: day)), true)
        } else {
          (.day(feast(month, day, offset, isFuture: isFuture)), false)
        }
      }
    guard let found, Self.years.contains(found.span.first.components.year) else { return nil }
    return found
  }

  /// The day that lies so many units before `day`, or after it; nil where they are too many.
  static func day(_ count: Int, _ unit: DateUnit, from day: CivilDay) -> CivilDay? {
    guard abs(count) <= 1000 else { return nil }
    switch unit {
    case .shorter: return day
    case .day: return CivilDay(number: day.number + count)
    case .week, .weekend: return CivilDay(number: day.number + 7 * count)
    case .month: return day.adding(months: count)
    case .year: return day.adding(months: 12 * count)
    case .decade: return day.adding(months: 120 * count)
    }
  }

  private func within(_ count: Int?, _ unit: DateUnit?) -> DateSpan? {
    guard let count, let unit else { return nil }
    return Self.day(-count, unit, from: today).map(upToNow)
  }

  private func upToNow(_ first: CivilDay) -> DateSpan { DateSpan(first: first, last: today, grain: .day) }

  private func unit(_ match: DateMatch, offset: Int) -> DateSpan? {
    if let weekday = match.weekday { return .day(self.weekday(weekday, offset: offset)) }
    if let season = match.season { return self.season(season, offset: offset) }
    if let month = match.month { return self.month(month, offset: offset) }
    switch match.unit {
    case .day: return .day(CivilDay(number: today.number + offset))
    case .week: return .week(of: CivilDay(number: today.number + 7 * offset))
    case .weekend: return weekend(offset: offset)
    case .month: return .month(of: today.adding(months: offset))
    case .year: return .year(today.components.year + offset)
    case .decade, .shorter, nil: return nil
    }
  }

  /// The last one before today, or the next one after it.
  private func weekday(_ weekday: Int, offset: Int) -> CivilDay {
    if offset < 0 { return CivilDay(number: today.number - ((today.weekday - weekday + 6) % 7 + 1)) }
    return CivilDay(number: today.number + ((weekday - today.weekday + 6) % 7 + 1))
  }

  /// "Last weekend", said on a Sunday, is not the one that is under way.
  private func weekend(offset: Int) -> DateSpan { .weekend(of: CivilDay(number: today.number + 7 * offset)) }

  private func month(_ month: Int, offset: Int) -> DateSpan {
    let (year, current, _) = today.components
    switch offset {
    case ..<0: return .month(year: month < current ? year : year - 1, month: month)
    case 1...: return .month(year: month > current ? year : year + 1, month: month)
    default: return .month(year: year, month: month)
    }
  }

  private func season(_ season: Season, offset: Int) -> DateSpan {
    let year = today.components.year
    let spans = (year - 2...year + 1).map { DateSpan.season(season, year: $0) }
    let past = spans.last { $0.last < today }
    let next = spans.first { $0.first > today }
    let current = spans.first { $0.first <= today && today <= $0.last }
    switch offset {
    case ..<0: return past ?? spans[0]
    case 1...: return next ?? spans[3]
    default: return current ?? spans.first { $0.first.components.year == year } ?? spans[2]
    }
  }

  private func distance(_ count: Int?, _ unit: DateUnit?, isRough: Bool) -> DateSpan? {
    guard let count, let unit, abs(count) <= 1000 else { return nil }
    var span: DateSpan
    switch unit {
    case .shorter: return .day(today)
    case .day, .weekend: span = .day(CivilDay(number: today.number + count * (unit == .weekend ? 7 : 1)))
    case .week: span = .week(of: CivilDay(number: today.number + 7 * count))
    case .month: span = .month(of: today.adding(months: count))
    case .year, .decade: span = .year(today.components.year + count * (unit == .decade ? 10 : 1))
    }
    span.isRough = isRough
    return span
  }

  private func nearest(_ match: DateMatch, isFuture: Bool) -> DateSpan? {
    if let weekday = match.weekday {
      return .day(self.weekday(weekday, offset: isFuture || match.beginsWithThis ? 1 : -1))
    }
    if let month = match.month {
      if month == today.components.month { return .month(of: today) }
      return self.month(month, offset: isFuture ? 1 : -1)
    }
    if let season = match.season { return self.season(season, offset: isFuture ? 1 : -1) }
    if let day = match.day { return dayOfMonth(day, isFuture: isFuture) }
    return nearestWeekend(isFuture: isFuture)
  }

  /// The one that is under way, else the one before.
  private func nearestWeekend(isFuture: Bool) -> DateSpan {
    let this = DateSpan.weekend(of: today)
    return isFuture || this.first <= today ? this : weekend(offset: -1)
  }

  private func dayOfMonth(_ day: Int, isFuture: Bool) -> DateSpan? {
    for step in 0..<3 {
      let (year, month, _) = today.adding(months: isFuture ? step : -step).components
      guard let found = CivilDay(validYear: year, month: month, day: day) else { continue }
      if isFuture ? found >= today : found <= today { return .day(found) }
    }
    return nil
  }

  private func calendar(_ match: DateMatch, isFuture: Bool) -> (span: DateSpan, isAbsolute: Bool)? {
    if let written = match.written { return (written, true) }
    if let season = match.season, let year = match.year { return (.season(season, year: year), true) }
    switch (match.year, match.month, match.day) {
    case (let year?, let month?, let day?):
      return CivilDay(validYear: year, month: month, day: day).map { (.day($0), true) }
    case (let year?, let month?, nil): return (.month(year: year, month: month), true)
    case (let year?, nil, _): return (.year(year), true)
    case (nil, let month?, let day?): return nearestDay(month, day, isFuture: isFuture).map { (.day($0), false) }
    default: return nil
    }
  }

  private func nearestDay(_ month: Int, _ day: Int, isFuture: Bool) -> CivilDay? {
    let year = today.components.year
    guard let this = CivilDay(validYear: year, month: month, day: day) else { return nil }
    if isFuture { return this >= today ? this : CivilDay(validYear: year + 1, month: month, day: day) }
    return this <= today ? this : CivilDay(validYear: year - 1, month: month, day: day)
  }

  private func feast(_ month: Int, _ day: Int, _ offset: Int?, isFuture: Bool) -> CivilDay {
    nearestDay(month, day, isFuture: offset.map { $0 > 0 } ?? isFuture) ?? today
  }
}

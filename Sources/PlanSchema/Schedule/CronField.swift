/// One of the five fields: what it is called, what it may hold.
enum CronField: String {
  case minute
  case hour
  case day = "day of month"
  case month
  case weekday = "day of week"

  private var range: ClosedRange<Int> {
    switch self {
    case .minute: 0...59
    case .hour: 0...23
    case .day: 1...31
    case .month: 1...12
    case .weekday: 0...7
    }
  }

  private static let monthNames = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
  ]
  private static let dayNames = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]

  private var names: [String] {
    switch self {
    case .month: CronField.monthNames
    case .weekday: CronField.dayNames
    case .minute, .hour, .day: []
    }
  }

  /// The numbers a field's text stands for.
  func set(_ text: String) throws(CronExpression.Malformed) -> NumberSet {
    var set = NumberSet()
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let pieces = part.split(separator: "/", omittingEmptySubsequences: false)
      guard pieces.count <= 2, let span = pieces.first, !span.isEmpty else { throw malformed(text) }
      let step = pieces.count == 2 ? try step(pieces[1], of: span, in: text) : 1
      let range = try bounds(span, text)
      for number in stride(from: range.lowerBound, through: range.upperBound, by: step) { set.insert(number) }
    }
    return set
  }

  private func step(_ text: Substring, of span: Substring, in field: String) throws(CronExpression.Malformed) -> Int {
    guard let step = Int(text), text.first != "+" else { throw malformed(field) }
    guard (1...range.upperBound).contains(step) else {
      throw CronExpression.Malformed(
        message: "a step of \(step) is out of range for the \(rawValue)", hint: "from 1 to \(range.upperBound)")
    }
    guard span == "*" || span.contains("-") else {
      throw CronExpression.Malformed(
        message: "`\(span)/\(step)` steps from one number", hint: "write \(span)-\(range.upperBound)/\(step)")
    }
    return step
  }

  private func bounds(_ span: Substring, _ field: String) throws(CronExpression.Malformed) -> ClosedRange<Int> {
    if span == "*" { return self == .weekday ? 0...6 : range }
    let ends = span.split(separator: "-", omittingEmptySubsequences: false)
    guard let first = ends.first, ends.count <= 2 else { throw malformed(field) }
    let low = try number(first, field)
    guard ends.count == 2 else { return low...low }
    var high = try number(ends[1], field)
    // A week may end with Sunday.
    if self == .weekday, high == 0, low > 0 { high = 7 }
    guard low <= high else {
      throw CronExpression.Malformed(
        message: "`\(span)` runs backwards",
        hint: "write two ranges: \(first)-\(range.upperBound),\(range.lowerBound)-\(ends[1])")
    }
    return low...high
  }

  private func number(_ word: Substring, _ field: String) throws(CronExpression.Malformed) -> Int {
    if let place = names.firstIndex(of: word.lowercased()) { return place + (self == .month ? 1 : 0) }
    guard let number = Int(word), word.first != "+" else { throw malformed(field, word) }
    guard range.contains(number) else {
      throw CronExpression.Malformed(
        message: "\(number) is out of range for the \(rawValue)",
        hint: "from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  private func malformed(_ field: String, _ word: Substring? = nil) -> CronExpression.Malformed {
    let odd = word.map(String.init) ?? field
    return CronExpression.Malformed(
      message: "`\(odd)` is not a \(rawValue)" + (word == nil || odd == field ? "" : " (in `\(field)`)"),
      hint: "numbers from \(range.lowerBound) to \(range.upperBound)"
        + (names.isEmpty ? "" : " or names like \(names[1])") + ", lists 1,2, ranges 1-5, steps */2",
      didYouMean: word.flatMap { Spelling.nearest(to: String($0), in: names) })
  }
}

import PlanSchema
import Testing

@Suite struct CronExpressionTests {
  @Test("fields are sets: lists, ranges, steps, names, Sunday twice", arguments: [
    ("5 * * * *", "5"), ("1,2,40 * * * *", "1 2 40"), ("10-13 * * * *", "10 11 12 13"),
    ("*/20 * * * *", "0 20 40"), ("5-30/10 * * * *", "5 15 25"), ("1,50-52,*/30 * * * *", "0 1 30 50 51 52"),
  ])
  func minutes(_ text: String, _ expected: String) throws {
    #expect(try CronExpression(parsing: text).minutes.numbers.map(String.init).joined(separator: " ") == expected)
  }

  @Test("days of the week", arguments: [
    ("Mon-Fri", "1 2 3 4 5"), ("0", "0"), ("7", "0"), ("Sat-Sun", "0 6"), ("5-7", "0 5 6"), ("sUN,wed", "0 3"),
    ("*", "0 1 2 3 4 5 6"), ("*/2", "0 2 4 6"),
  ])
  func weekdays(_ field: String, _ expected: String) throws {
    let cron = try CronExpression(parsing: "0 0 * * \(field)")
    #expect(cron.weekdays.numbers.map(String.init).joined(separator: " ") == expected)
  }

  @Test("names for common times mean what cron says", arguments: [
    ("@hourly", "0 * * * *"), ("@daily", "0 0 * * *"), ("@MIDNIGHT", "0 0 * * *"), ("@weekly", "0 0 * * 0"),
    ("@monthly", "0 0 1 * *"), ("@yearly", "0 0 1 1 *"), ("@annually", "0 0 1 1 *"),
  ])
  func named(_ name: String, _ meaning: String) throws {
    let one = try CronExpression(parsing: name), other = try CronExpression(parsing: meaning)
    #expect([one.minutes, one.hours, one.days, one.months, one.weekdays]
      == [other.minutes, other.hours, other.days, other.months, other.weekdays])
  }

  @Test("what is no cron time is refused with the reason", arguments: [
    ("", "five fields"), ("* * * *", "five fields, not 4"), ("* * * * * *", "seconds"), ("@reboot", "not a time"),
    ("@daily 5", "not a time"), ("60 * * * *", "60 is out of range"), ("* 24 * * *", "24 is out of range"),
    ("* * 0 * *", "0 is out of range"), ("* * * 13 *", "13 is out of range"), ("* * * * 8", "8 is out of range"),
    ("30-10 * * * *", "backwards"), ("* * * * Fri-Mon", "backwards"), ("*/0 * * * *", "step of 0"),
    ("*/60 * * * *", "step of 60"), ("5/15 * * * *", "steps from one number"), ("1,,2 * * * *", "not a minute"),
    ("1-2-3 * * * *", "not a minute"), ("x * * * *", "not a minute"), ("+5 * * * *", "not a minute"),
    ("-5 * * * *", "not a minute"), ("* * L * *", "not a day of month"), ("* * ? * *", "not a day of month"),
    ("* * * foo *", "not a month"), ("0 0 30 2 *", "never happens"), ("0 0 31 4,6,9,11 *", "never happens"),
    ("0 0 30 Feb */2", "never happens"), ("* * * * mon#1", "not a day of week"), ("*/ * * * *", "not a minute"),
  ])
  func malformed(_ text: String, _ reason: String) {
    let error = #expect(throws: CronExpression.Malformed.self) { try CronExpression(parsing: text) }
    #expect(error?.message.contains(reason) == true, "\(error?.message ?? "")")
  }

  @Test("29 February, and an impossible day beside a day of the week, happen", arguments: [
    "0 0 29 2 *", "0 0 30 2 Mon", "0 0 31 1,2 *",
  ])
  func possible(_ text: String) throws { _ = try CronExpression(parsing: text) }
}

import PluginAPI
import PostgresClient
import RunModel
import SQLText
import TestSupport
import Testing

@testable import Engine

/// Wall-clock times and instants where clocks are put forward and back; the server's time zones decide.
@Suite(.database) struct ZoneTests {
  @Test("a time that is left out fires once, a time that comes twice fires once", arguments: [
    // Spring in Paris: 02:00 is 03:00 on the 29th.
    ("30 2 * * *", "Europe/Paris", "2026-03-27 12:00", ["03-28 01:30", "03-29 01:30", "03-30 00:30"]),
    ("0,30 2,3 * * *", "Europe/Paris", "2026-03-28 12:00", ["03-29 01:00", "03-29 01:30", "03-30 00:00"]),
    // Autumn in Paris: 02:00 to 03:00 comes twice on the 25th.
    ("30 2 * * *", "Europe/Paris", "2026-10-23 12:00", ["10-24 00:30", "10-25 01:30", "10-26 01:30"]),
    ("30 1,2,3 * * *", "Europe/Paris", "2026-10-24 12:00", ["10-24 23:30", "10-25 01:30", "10-25 02:30"]),
    // New York: the 8th of March and the 1st of November.
    ("30 2 * * *", "America/New_York", "2026-03-06 12:00", ["03-07 07:30", "03-08 07:30", "03-09 06:30"]),
    ("30 1 * * *", "America/New_York", "2026-10-30 12:00", ["10-31 05:30", "11-01 06:30", "11-02 06:30"]),
    ("0 * * * *", "America/New_York", "2026-11-01 04:30", ["11-01 06:00", "11-01 07:00", "11-01 08:00"]),
    // Lord Howe puts its clock half an hour: forward on the 4th of October, back on the 5th of April.
    ("15 2 * * *", "Australia/Lord_Howe", "2026-10-02 00:00", ["10-02 15:45", "10-03 15:45", "10-04 15:15"]),
    ("45 1 * * *", "Australia/Lord_Howe", "2026-04-03 00:00", ["04-03 14:45", "04-04 15:15", "04-05 15:15"]),
    ("@daily", "UTC", "2026-12-30 23:59", ["12-31 00:00", "01-01 00:00", "01-02 00:00"]),
  ])
  func changes(_ cron: String, _ zone: String, _ after: String, _ expected: [String]) async throws {
    let connection = try await TestDatabase.current.connect()
    let clock = ScheduleClock(connection: connection)
    let timing = Recurrence.Timing.cron(try CronExpression(parsing: cron), try TimeZoneName.read(yaml: zone))
    let start = try #require(LocalTime(after))
    var moment = Moment(microseconds: Int64(start.day * 1440 + start.minute) * 60_000_000)
    let first = moment + .microseconds(1)
    var found: [Moment] = []
    for _ in expected {
      let before = moment
      moment = try #require(try await clock.moments(of: timing, from: nil, asOf: before).next)
      found.append(moment)
      // Looked at shortly before, and at the moment itself, when the clock may just have been put.
      let shortly = max(before, moment + .seconds(-20 * 60))
      #expect(try await clock.moments(of: timing, from: nil, asOf: shortly).next == moment)
      #expect(try await clock.moments(of: timing, from: moment, asOf: moment).due.moments == [moment])
    }
    #expect(found.map { String($0.description.dropFirst(5).dropLast(4)) } == expected)
    // Looked at once, much later, it is the same moments.
    let later = try await clock.moments(of: timing, from: first, asOf: moment)
    #expect(later.due.moments == found && later.due.dropped == 0)
    await connection.close()
  }

  @Test("over a year of any zone, moments are the instants of all minutes that match, each once", arguments: [
    (1, "Europe/Paris"), (2, "America/New_York"), (3, "Australia/Lord_Howe"), (4, "Africa/Casablanca"),
    (5, "Asia/Gaza"), (6, "America/Santiago"), (7, "Pacific/Chatham"), (8, "Europe/London"),
  ])
  func bruteForce(seed: Int, zone: String) async throws {
    let connection = try await TestDatabase.current.connect()
    var dice = Dice(seed)
    for _ in 0..<4 {
      var random = RandomCron(&dice)
      // The hours in which clocks are put.
      random.hours.formUnion([0, 1, 2, 3])
      if dice.roll(2) == 0 { (random.days, random.months, random.weekdays) = (nil, nil, nil) }
      let expected = try await brute(random, zone, on: connection)
      let timing = Recurrence.Timing.cron(try CronExpression(parsing: random.text), try TimeZoneName.read(yaml: zone))
      var found: [Moment] = []
      var from = expected.start
      // In stretches of random length, as it is looked at.
      while from < expected.end {
        let now = min(expected.end, from + .seconds(60 * (1 + dice.roll(45_000))))
        let part = try await ScheduleClock(connection: connection).moments(of: timing, from: from, asOf: now)
        #expect(part.due.dropped == 0)
        found += part.due.moments
        from = max(part.next ?? expected.end, now + .microseconds(1))
      }
      #expect(found == expected.moments, "\(random.text) \(zone)")
    }
    await connection.close()
  }

  private func brute(
    _ cron: RandomCron, _ zone: String, on connection: Connection
  ) async throws -> (start: Moment, end: Moment, moments: [Moment]) {
    func list(_ set: Set<Int>?) -> [Int]? { set.map { $0.sorted() } }
    let rows = try await connection.query(
      """
      SELECT DISTINCT (extract(epoch FROM t AT TIME ZONE \(zone)) * 1000000)::bigint AS at
      FROM generate_series(timestamp '2026-01-01', timestamp '2026-12-31', interval '1 day') day,
        unnest(\(cron.hours.sorted())::int[]) hour, unnest(\(cron.minutes.sorted())::int[]) minute,
        LATERAL (SELECT day + make_interval(hours => hour, mins => minute)) moment (t)
      WHERE coalesce(extract(month FROM day)::int = ANY (\(optional: list(cron.months))::int[]), true)
        AND CASE WHEN \(cron.days != nil && cron.weekdays != nil)::boolean
          THEN extract(day FROM day)::int = ANY (\(optional: list(cron.days))::int[])
            OR extract(dow FROM day)::int = ANY (\(optional: list(cron.weekdays))::int[])
          ELSE coalesce(extract(day FROM day)::int = ANY (\(optional: list(cron.days))::int[]), true)
            AND coalesce(extract(dow FROM day)::int = ANY (\(optional: list(cron.weekdays))::int[]), true) END
      ORDER BY 1
      """).rows
    let ends = try await connection.query(
      """
      SELECT (extract(epoch FROM timestamp '2026-01-01' AT TIME ZONE \(zone)) * 1000000)::bigint AS first,
        (extract(epoch FROM timestamp '2026-12-31 23:59' AT TIME ZONE \(zone)) * 1000000)::bigint AS last
      """).rows
    return (
      Moment(microseconds: try ends[0].int64("first")), Moment(microseconds: try ends[0].int64("last")),
      try rows.map { Moment(microseconds: try $0.int64("at")) }
    )
  }
}

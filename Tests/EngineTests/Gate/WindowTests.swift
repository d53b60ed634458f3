import PlanSchema
import PostgresClient
import RunModel
import TestSupport
import Testing

@testable import Engine

/// Windows of local time, where clocks are put forward and back; the server's time zones decide.
@Suite(.database) struct WindowTests {
  @Test("a window is open between two instants; outside of it the next opening is known", arguments: [
    ("[Mon-Fri 01:00-05:00 Europe/Paris]", "2026-11-23 00:30", "open until 11-23 04:00"),
    ("[Mon-Fri 01:00-05:00 Europe/Paris]", "2026-11-23 04:00", "opens 11-24 00:00"),
    ("[Mon-Fri 01:00-05:00 Europe/Paris]", "2026-11-20 12:00", "opens 11-23 00:00"),
    // Past midnight, by the day it begins.
    ("[Sat 22:00-04:00 UTC]", "2026-11-22 03:59", "open until 11-22 04:00"),
    ("[Sat 22:00-04:00 UTC]", "2026-11-21 03:59", "opens 11-21 22:00"),
    ("[22:00-04:00 UTC, 04:00-05:00 UTC]", "2026-11-21 23:00", "open until 11-22 05:00"),
    ("[Sat 20:00-24:00 UTC, Sun 00:00-02:00 UTC]", "2026-11-21 21:00", "open until 11-22 02:00"),
    ("[Sun 10:00-11:00 Asia/Tokyo, Sat 12:00-13:00 America/New_York]", "2026-11-21 12:00", "opens 11-21 17:00"),
    // Paris, the 29th of March: 02:00 is 03:00; the 25th of October: 02:00 to 03:00 comes twice.
    ("[01:00-05:00 Europe/Paris]", "2026-03-29 01:30", "open until 03-29 03:00"),
    ("[02:00-03:00 Europe/Paris]", "2026-03-29 00:30", "opens 03-30 00:00"),
    ("[02:30-05:00 Europe/Paris]", "2026-03-29 01:00", "opens 03-29 01:30"),
    ("[01:00-05:00 Europe/Paris]", "2026-10-25 00:30", "open until 10-25 04:00"),
    ("[01:00-02:30 Europe/Paris]", "2026-10-25 01:10", "open until 10-25 01:30"),
  ])
  func standing(windows: String, at: String, expected: String) async throws {
    let start = try #require(LocalTime(at))
    let moment = Moment(microseconds: Int64(start.day * 1440 + start.minute) * 60_000_000)
    let connection = try await TestDatabase.current.connect()
    let standing = try await ScheduleClock(connection: connection).standing(of: [TimeWindow].read(yaml: windows), asOf: moment)
    await connection.close()
    let text = switch standing {
    case .open(let until): "open until \(until.description.dropFirst(5).dropLast(4))"
    case .closed(let until): "opens \(until.map { String($0.description.dropFirst(5).dropLast(4)) } ?? "never")"
    }
    #expect(text == expected)
  }
}

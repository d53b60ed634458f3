import PluginAPI
import RunModel
import Testing

/// The rules of catch_up, overlap and pause as values. Moments are minutes; now is minute 100.
@Suite struct DueVerdictTests {
  private static func moment(_ minute: Int) -> Moment { Moment(microseconds: Int64(minute) * 60_000_000) }

  private static func verdicts(
    _ minutes: [Int], _ catchUp: Recurrence.CatchUp, _ overlap: Recurrence.Overlap = .skip, dropped: Int = 0,
    unfinished: [UnfinishedFiring] = [], paused: String? = nil
  ) -> [String] {
    DueVerdict.verdicts(
      DueMoments(minutes.map(moment), dropped: dropped), now: moment(100),
      Recurrence(.every(.minutes(1)), overlap: overlap, catchUp: catchUp), unfinished: unfinished, paused: paused
    ).map { verdict in
      switch verdict {
      case .fire(let due): "fire \(due.microseconds / 60_000_000)"
      case .skip(let due, let count, let reason): "skip \(due.microseconds / 60_000_000) x\(count) \(reason)"
      }
    }
  }

  @Test("nothing has come, nothing happens")
  func nothing() { #expect(Self.verdicts([], .all) == []) }

  @Test("moments that are on time fire whatever catch_up says", arguments: Recurrence.CatchUp.allCases)
  func onTime(_ rule: Recurrence.CatchUp) {
    #expect(Self.verdicts([99], rule) == ["fire 99"])
    #expect(Self.verdicts([100], rule) == ["fire 100"])
  }

  @Test("catch_up: none leaves out what was missed, in one row, and still fires what is on time")
  func none() {
    #expect(Self.verdicts([90], .none) == ["skip 90 x1 missed: catch_up is none"])
    #expect(Self.verdicts([90, 92, 94], .none) == ["skip 94 x3 3 moments missed: catch_up is none"])
    #expect(Self.verdicts([80, 90, 100], .none) == ["skip 90 x2 2 moments missed: catch_up is none", "fire 100"])
  }

  @Test("catch_up: latest fires the newest, and says what it left out")
  func latest() {
    #expect(Self.verdicts([90], .latest) == ["fire 90"])
    #expect(Self.verdicts([80, 85, 90], .latest) == ["skip 85 x2 2 moments missed: catch_up is latest", "fire 90"])
    #expect(Self.verdicts([85, 90], .latest, dropped: 7).first == "skip 85 x8 8 moments missed: catch_up is latest")
  }

  @Test("catch_up: all fires every one in order, up to a thousand")
  func all() {
    #expect(Self.verdicts([80, 85, 90], .all) == ["fire 80", "fire 85", "fire 90"])
    let many = Self.verdicts(Array(-1_300...(-100)), .all, dropped: 4)
    #expect(many.count == 1_001)
    #expect(many.first?.hasPrefix("skip -1100 x205 205 moments missed") == true, "\(many.first ?? "")")
    #expect(many[1] == "fire -1099" && many.last == "fire -100")
  }

  @Test("overlap: skip leaves out what comes while another firing is not over")
  func skip() {
    let running = [UnfinishedFiring(due: Self.moment(60), isRunning: true)]
    #expect(Self.verdicts([100], .latest, unfinished: running)
      == ["skip 100 x1 the firing due at 1970-01-01 01:00:00Z is still running"])
    let waiting = [UnfinishedFiring(due: Self.moment(60), isRunning: false)]
    #expect(Self.verdicts([80, 100], .all, unfinished: waiting)
      == ["skip 100 x2 the firing due at 1970-01-01 01:00:00Z has not begun yet"])
  }

  @Test("overlap: queue lets one wait and coalesces further ones with it")
  func queue() {
    let running = UnfinishedFiring(due: Self.moment(60), isRunning: true)
    #expect(Self.verdicts([100], .latest, .queue, unfinished: [running]) == ["fire 100"])
    let queued = UnfinishedFiring(due: Self.moment(90), isRunning: false)
    #expect(Self.verdicts([100], .latest, .queue, unfinished: [running, queued])
      == ["skip 100 x1 coalesced with the firing due at 1970-01-01 01:30:00Z, which waits for its turn"])
  }

  @Test("what comes in a pause is left out in one row")
  func pause() {
    #expect(Self.verdicts([10, 20, 100], .all, paused: "paused by me") == ["skip 100 x3 paused by me"])
  }

  @Test("the grid of an interval does not drift, however late it is looked at", arguments: [
    (0, 100, 10, 11, 110), (5, 100, 10, 10, 105), (100, 100, 7, 1, 107), (101, 100, 7, 0, 101), (93, 100, 7, 2, 107),
  ])
  func grid(_ first: Int, _ now: Int, _ every: Int, _ count: Int, _ next: Int) {
    let found = DueMoments.grid(from: Self.moment(first), every: .seconds(60 * every), now: Self.moment(now))
    #expect(found.due.moments.count == count && found.next == Self.moment(next))
    #expect(found.due.moments.first == (count > 0 ? Self.moment(first) : nil))
    let few = DueMoments.grid(from: Self.moment(first), every: .seconds(60 * every), now: Self.moment(now), limit: 1)
    #expect(few.due.moments.count + few.due.dropped == count && few.due.moments.last == found.due.moments.last)
  }
}

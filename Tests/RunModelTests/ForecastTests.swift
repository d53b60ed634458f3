import JSONText
import PluginAPI
import RunModel
import Testing

@Suite struct ForecastTests {
  private static func sample(
    _ seconds: Double, _ work: [Pace: StepSample.Work], rows: Double = 1_000_000, bytes: Double = 100_000_000, disk: Double = 0,
    day: Int64 = 0, held: Double? = nil
  ) -> StepSample {
    StepSample(
      environment: "staging", at: Moment(microseconds: day * 86_400_000_000), uses: "sql.run", seconds: held ?? seconds, work: work,
      diskBytes: disk, extents: ["public.orders": Extent(bytes: bytes, rows: rows)])
  }

  private static func here(_ times: Double) -> Extents {
    ["public.orders": Extent(bytes: 100_000_000 * times, rows: 1_000_000 * times), "public.other": Extent(bytes: 1e12, rows: 1e10)]
  }

  struct Case: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let samples: [StepSample]
    let times: Double
    let seconds: ClosedRange<Double>
    var sureness = StepForecast.Sureness.scaled
  }

  private static func work(_ seconds: Double) -> StepSample.Work { StepSample.Work(seconds: seconds) }

  static let cases = [
    Case(
      testDescription: "what reads all of it takes as much longer as it is larger", samples: [sample(2, [.scan: work(2)])], times: 10,
      seconds: 19.5...20.1),
    Case(
      testDescription: "sorting takes a little more than that", samples: [sample(2, [.sort: work(2)])], times: 10, seconds: 22...25),
    Case(
      testDescription: "the catalog takes what it took", samples: [sample(0.4, [.fixed: work(0.4)])], times: 100, seconds: 0.39...0.41,
      sureness: .measured),
    Case(
      testDescription: "a wait takes what it took, and the work beside it grows",
      samples: [sample(31, [.wait: work(30), .scan: work(1)])], times: 10, seconds: 39.5...40.1),
    Case(
      testDescription: "time in which no operation was at work, as when it was held back, does not grow",
      samples: [sample(12, [.scan: work(2)])], times: 10, seconds: 29.5...30.1),
    Case(
      testDescription: "ANALYZE reads a part of it, and of most tables no more",
      samples: [sample(3, [.sample: work(3)], bytes: 300_000_000)], times: 100, seconds: 2.9...3.1),
    Case(
      testDescription: "a statement that is as quick as a round trip stays so", samples: [sample(0.005, [.scan: work(0.004)])],
      times: 1_000, seconds: 0...0.01, sureness: .measured),
    Case(
      testDescription: "operations side by side share the time", samples: [sample(0, [.scan: StepSample.Work(seconds: 8)], held: 2)],
      times: 10, seconds: 19.5...20.1),
    Case(
      testDescription: "two sizes give a constant and a slope",
      samples: [
        sample(1.1, [.scan: work(1.1)]),
        sample(2.1, [.scan: work(2.1)], rows: 2_000_000, bytes: 200_000_000, day: 1),
      ], times: 10, seconds: 10...10.3, sureness: .fitted),
    Case(
      testDescription: "two sizes that took the same are no reason to expect more",
      samples: [sample(1, [.scan: work(1)]), sample(1, [.scan: work(1)], rows: 4_000_000, bytes: 400_000_000)], times: 10,
      seconds: 0.9...1.2, sureness: .fitted),
    Case(
      testDescription: "of several of one size the one that met something does not count",
      samples: [sample(2, [.scan: work(2)]), sample(2.1, [.scan: work(2.1)]), sample(60, [.scan: work(60)])], times: 10,
      seconds: 20...22),
    Case(
      testDescription: "measured at this size it is what it was", samples: [sample(2, [.scan: work(2)])], times: 1.2,
      seconds: 2.3...2.5, sureness: .measured),
    Case(
      testDescription: "smaller here, it is quicker", samples: [sample(20, [.scan: work(20)])], times: 0.1, seconds: 1.9...2.1),
    Case(
      testDescription: "next to nothing says little of a large table", samples: [sample(0.02, [.scan: work(0.02)])], times: 1_000,
      seconds: 14...21, sureness: .rough),
  ]

  @Test("a step is expected to take", arguments: cases)
  func seconds(_ one: Case) throws {
    let forecast = try #require(StepForecast(one.samples, here: Self.here(one.times), ratio: nil))
    #expect(one.seconds.contains(forecast.seconds), "\(forecast.seconds)")
    #expect(forecast.basis.sureness == one.sureness)
  }

  @Test("wider rows: between what bytes and what rows say")
  func width() throws {
    let wide: Extents = ["public.orders": Extent(bytes: 4_000_000_000, rows: 10_000_000)]
    let forecast = try #require(StepForecast([Self.sample(1, [.scan: Self.work(1)])], here: wide, ratio: nil))
    #expect((19...20.1).contains(forecast.seconds) && forecast.basis.growth?.here.rows == 10_000_000)
    let unknown: Extents = ["public.orders": Extent(bytes: 4_000_000_000, rows: nil)]
    #expect(try #require(StepForecast([Self.sample(1, [.scan: Self.work(1)])], here: unknown, ratio: nil)).seconds > 39)
  }

  @Test("WAL and disk grow with the tables, a lock that changes the catalog does not")
  func space() throws {
    let works: [Pace: StepSample.Work] = [
      .scan: .init(seconds: 1, walBytes: 5_000_000), .fixed: .init(seconds: 0.01, walBytes: 10_000, stallMilliseconds: 40),
    ]
    let forecast = try #require(StepForecast([Self.sample(1, works, disk: 7_000_000)], here: Self.here(10), ratio: nil))
    #expect(forecast.walBytes == 50_010_000 && forecast.diskBytes == 70_000_000 && forecast.stallMilliseconds == 40)
  }

  @Test("a table that an earlier step makes grows as that step does; without any measurement there is no forecast")
  func unknown() throws {
    let forecast = try #require(StepForecast([Self.sample(1, [.scan: Self.work(1)])], here: [:], ratio: 8))
    #expect((7.9...8.1).contains(forecast.seconds) && forecast.basis.sureness == .rough)
    #expect(StepForecast([], here: Self.here(1), ratio: 8) == nil)
  }

  @Test("the whole plan: side by side as its order, its resources and its width allow")
  func plan() throws {
    let ten = StepForecast([Self.sample(10, [.fixed: Self.work(10)], disk: 5)], here: [:], ratio: 1)
    let cic = [Resource("cic:orders")]
    let plan = PlanForecast(
      [
        .init(id: "a", needs: [], resources: cic, forecast: ten), .init(id: "b", needs: [], resources: cic, forecast: ten),
        .init(id: "c", needs: ["b"], forecast: ten), .init(id: "d", needs: [], forecast: ten), .init(id: "e", needs: ["x"], forecast: nil),
      ], width: 4)
    #expect(plan.seconds == 40 && plan.elapsed == 30 && plan.criticalSeconds == 20 && plan.criticalPath == ["b", "c"])
    #expect(plan.withoutBasis == ["e"] && plan.hasBasis && plan.diskPeak == 20)
    #expect(PlanForecast(plan.steps, width: 1).elapsed == 40)
    #expect(plan.json["steps"]?["a"]?["basis"]?["environment"] == "staging" && plan.json["steps"]?["e"] == nil)
    let kept = ForecastComparison.steps(plan.json, measured: ["a": 20, "e": 1, "z": 1])
    #expect(kept.mapValues(\.factor) == ["a": 2] && ForecastComparison.total(kept)?.factor == 2)
  }
}

/// Evidence that came from elsewhere may hold anything.
@Suite struct HostileForecastTests {
  static let numbers: [JSON] = [
    -5, 1e308, "many", nil, .double(.infinity), .double(.nan), .int(.max), .int(.min), [], ["seconds": 1], true, 0, 1e-300,
  ]

  @Test("whatever its numbers are, a forecast has finite ones and none below nothing", arguments: numbers)
  func bounded(_ number: JSON) throws {
    for key in ["seconds", "tasks", "wal_bytes", "stall_ms", "table_bytes", "rows", "disk_bytes"] {
      var work: JSONObject = JSONObject([("seconds", 2), ("tasks", 1), ("wal_bytes", 100), ("stall_ms", 1)])
      var table: JSONObject = JSONObject([("table_bytes", 100_000_000), ("rows", 1_000_000)])
      if work[key] != nil { work[key] = number }
      if table[key] != nil { table[key] = number }
      let measures: JSON = [
        "seconds": key == "seconds" ? number : 2, "disk_bytes": key == "disk_bytes" ? number : 9,
        "work": ["scan": .object(work), "sort": .object(work), "magic": .object(work)], "relations": ["public.orders": .object(table)],
      ]
      for sizes in [["public.orders": Extent(bytes: 1e14, rows: 1e12)], ["public.orders": Extent(bytes: 0, rows: 0)], [:]] {
        let samples = try #require(try EvidenceCases.sample(measures))
        let one = try #require(StepForecast([samples, samples], here: sizes, ratio: nil))
        let all = PlanForecast([.init(id: "one", needs: [], forecast: one)], width: 4)
        let values = [one.seconds, one.walBytes, one.stallMilliseconds, one.diskBytes, all.elapsed, all.diskPeak]
        #expect(values.allSatisfy { $0.isFinite && abs($0) <= 1e18 } && one.seconds >= 0 && one.walBytes >= 0, "\(key): \(one)")
        #expect(!all.json.text.contains("nan") && !all.json.text.contains("inf,"))
      }
    }
  }
}

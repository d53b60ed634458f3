import Testing

@testable import CommandLineKit

@Suite struct ProgressFrameTests {
  static let model = ProgressModel(
    title: "zenfleet-scale on staging", elapsed: .seconds(134),
    steps: [
      ProgressLine(id: "audit-indexes", state: .done, done: 3, unit: .count("indexes"), elapsed: .seconds(62)),
      ProgressLine(
        id: "audit-by-month", title: "copy chunk", state: .running, done: 541_800, total: 1_204_000, rate: 12_300,
        eta: .seconds(54), elapsed: .seconds(44)),
      ProgressLine(id: "vehicles", state: .waiting, note: "waiting for pid 123 (user app, 12 s)"),
      ProgressLine(id: "export", title: "write file", state: .running, done: 1_395_864_371, unit: .bytes),
      ProgressLine(id: "old", state: .skipped, note: "not on staging"),
      ProgressLine(id: "last"),
    ])

  @Test("a wide terminal shows everything")
  func wide() {
    #expect(
      ProgressFrame(columns: 120).lines(Self.model) == [
        "zenfleet-scale on staging  2 of 6 steps  2m 14s",
        "  ✓ audit-indexes   1m 02s  3 indexes",
        "  ⠋ audit-by-month  █████████░░░░░░░░░░░   45%  541,800 of 1,204,000 rows  12,300 rows/s  eta 54s  44s  copy chunk",
        "  ◦ vehicles        waiting",
        "    waiting for pid 123 (user app, 12 s)",
        "  ⠋ export          1.3 GB  write file",
        "  - old             skipped  not on staging",
        "  · last          ",
      ])
  }

  @Test("a narrow one drops the less important first")
  func narrow() {
    let lines = ProgressFrame(columns: 60).lines(Self.model)
    #expect(lines[2] == "  ⠋ audit-by-month  █████████░░░░░░░░░░░   45%  eta 54s")
    #expect(ProgressFrame(columns: 40).lines(Self.model)[2] == "  ⠋ audit-by-month   45%  eta 54s")
  }

  @Test("no frame leaves its terminal", arguments: [1, 9, 20, 33, 47, 80, 131], [2, 3, 5, 8, 24])
  func bounds(columns: Int, rows: Int) {
    var model = Self.model
    model.steps += (1...40).map { ProgressLine(id: "step-with-a-long-name-日本-\($0)", state: .pending) }
    for tick in 0..<12 {
      let lines = ProgressFrame(columns: columns, rows: rows).lines(model, tick: tick)
      #expect(lines.count < max(rows, 4))
      for line in lines { #expect(DisplayText.width(line) <= max(8, columns - 1)) }
    }
  }

  @Test("without room for all the steps the moving ones stay in sight")
  func window() {
    let steps = (1...30).map { ProgressLine(id: "s\($0)", state: $0 < 20 ? .done : $0 == 20 ? .running : .pending) }
    let lines = ProgressFrame(columns: 40, rows: 8).lines(ProgressModel(title: "p", steps: steps))
    #expect(
      lines == [
        "p  19 of 30 steps  0ms", "  ⋮ 18 done", "  ✓ s19", "  ⠋ s20", "  · s21", "  · s22", "  ⋮ 8 to come",
      ])
  }

  @Test("ASCII terminals get ASCII")
  func ascii() {
    let lines = ProgressFrame(columns: 120, utf8: false).lines(Self.model)
    #expect(lines.allSatisfy { $0.utf8.allSatisfy { $0 < 0x80 } })
    #expect(lines[2].contains("[#########...........]   45%"))
  }

  @Test("colour adds no columns")
  func colour() {
    let plain = ProgressFrame(columns: 50).lines(Self.model)
    let styled = ProgressFrame(columns: 50, palette: Palette(enabled: true)).lines(Self.model)
    #expect(plain != styled)
    #expect(plain.map(DisplayText.width) == styled.map(DisplayText.width))
  }

  @Test("time goes on between two messages")
  func later() {
    let later = Self.model.later(by: .seconds(60))
    #expect(later.elapsed == .seconds(194))
    #expect(later.steps[1].elapsed == .seconds(104))
    #expect(later.steps[1].eta == .zero)
    #expect(later.steps[0].elapsed == .seconds(62))
  }

  @Test("a bar has as many cells as it was given", arguments: [0, 0.01, 0.333, 0.5, 0.996, 1, 7, -Double.infinity])
  func bar(fraction: Double) {
    #expect(DisplayText.width(ProgressBar(cells: 20, utf8: true).text(fraction)) == 20)
    #expect(ProgressBar(cells: 20, utf8: false).text(fraction).count == 22)
  }
}

import Glibc
import Testing

@testable import CommandLineKit

@Suite struct ProgressScreenTests {
  @Test("elsewhere than on a terminal every change of state is written, in order, before finish returns")
  func plain() throws {
    let text = try captured { stream in
      let screen = ProgressScreen(mode: .plain, stream: stream)
      for state in [ProgressState.pending, .running, .waiting, .done] {
        screen.update(ProgressModel(title: "p", steps: [ProgressLine(id: "a", state: state)]))
      }
      screen.print("note")
      screen.finish()
      screen.update(ProgressModel(title: "p", steps: [ProgressLine(id: "a", state: .failed)]))
    }
    #expect(text == "[0ms] a: running\n[0ms] a: waiting\n[0ms] a: done\nnote\n")
  }

  @Test("a live screen ends with the last state and the cursor shown")
  func live() throws {
    let text = try captured { stream in
      let screen = ProgressScreen(mode: .live, stream: stream)
      screen.update(ProgressModel(title: "p", steps: [ProgressLine(id: "a", state: .running)]))
      screen.print("kept")
      screen.update(ProgressModel(title: "p", steps: [ProgressLine(id: "a", state: .done)]))
      screen.finish()
    }
    #expect(text.contains("kept\n"))
    let frames = text.components(of: "\u{1B}[J")
    #expect(frames.dropLast().last?.contains("1 of 1 steps") == true)
    #expect(text.hasSuffix("\u{1B}[?25h"))
  }

  @Test("a model handed over often is drawn seldom")
  func rate() throws {
    let text = try captured { stream in
      let screen = ProgressScreen(mode: .live, stream: stream)
      for done in 0..<10_000 {
        screen.update(ProgressModel(title: "p", steps: [ProgressLine(id: "a", state: .running, done: Int64(done))]))
      }
      screen.finish()
    }
    #expect(text.components(of: "\u{1B}[J").count < 1000)
  }

  @Test("on a terminal the last frame stands below what was printed, and nothing else is left", .timeLimit(.minutes(8)))
  func terminal() throws {
    let pseudo = try PseudoTerminal(columns: 60, rows: 12)
    let screen = ProgressScreen(
      mode: .suited(to: pseudo.terminal), terminal: pseudo.terminal,
      stream: StandardStream(descriptor: pseudo.terminal.descriptor))
    var model = ProgressModel(
      title: "plan", steps: (1...40).map { ProgressLine(id: "step-\($0)", state: .pending, done: 5, total: 10) })
    for index in model.steps.indices {
      model.steps[index].state = .running
      model.steps[index].note = index % 3 == 0 ? String(repeating: "waiting ", count: 20) : nil
      screen.update(model)
      if index % 5 == 0 { screen.print("finding \(index)") }
      model.steps[index].state = .done
    }
    screen.update(model)
    screen.finish()
    var shown = Screen()
    shown.show(pseudo.close())
    #expect(shown.isCursorShown)
    #expect(shown.widest < 60)
    #expect(Array(shown.text.prefix(8)) == stride(from: 0, to: 40, by: 5).map { "finding \($0)" })
    #expect(shown.text.count == 8 + 10)
    #expect(shown.text[8].hasPrefix("plan  40 of 40 steps  "))
    #expect(shown.text.last == "  ✓ step-40  5 rows")
  }

  private func captured(_ body: (StandardStream) -> Void) throws -> String {
    let file = try #require(tmpfile())
    defer { fclose(file) }
    body(StandardStream(descriptor: fileno(file)))
    rewind(file)
    var bytes = [UInt8](repeating: 0, count: 1 << 20)
    let count = fread(&bytes, 1, bytes.count, file)
    return String(decoding: bytes[..<count], as: UTF8.self)
  }
}

extension String {
  fileprivate func components(of separator: String) -> [String] {
    var parts = [""], rest = self[...]
    while !rest.isEmpty {
      if rest.hasPrefix(separator) {
        parts.append("")
        rest = rest.dropFirst(separator.count)
      } else {
        parts[parts.count - 1].append(rest.removeFirst())
      }
    }
    return parts
  }
}

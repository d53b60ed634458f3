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

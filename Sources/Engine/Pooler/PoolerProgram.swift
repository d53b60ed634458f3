import ChildProcess
import FoundationEssentials
import Glibc
import PluginAPI
import PlanSchema

/// The hidden command that tries a pooler's configuration, or has a running pooler read it: `PoolerOrder` says which.
package enum PoolerProgram {
  /// Its whole life: 0 and an answer, or 1 and what is wrong.
  package static func run(_ text: String) async -> Int32 {
    guard let order = try? JSONDecoder().decode(PoolerOrder.self, from: Data(text.utf8)) else { return 2 }
    let answer = await answer(to: order)
    if order.answers {
      print((try? answer.line()) ?? "")
    } else {
      for note in answer.notes { print(note) }
    }
    fflush(nil)
    guard !order.answers, let problem = answer.problem else { return 0 }
    say(problem.message + (problem.hint.map { ": \($0)" } ?? ""))
    return 1
  }

  private static func answer(to order: PoolerOrder) async -> PoolerAnswer {
    do {
      guard let reload = order.reload else { return PoolerAnswer(notes: try await PoolerTrial.run(order)) }
      return PoolerAnswer(notes: try await PoolerReload(order: order, reload: reload).run())
    } catch let problem as PoolerAnswer.Problem {
      return PoolerAnswer(problem: problem)
    } catch {
      return PoolerAnswer(problem: .init(.broken, "\((error as? EngineError)?.message ?? "\(error)")"))
    }
  }

  private static func say(_ text: String) {
    let line = Array("\(text.replacing("\n", with: " "))\n".utf8)
    _ = line.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
  }

  /// What a reference stands for.
  static func secret(_ reference: String) throws -> String {
    let folder = Environment.value(OwnProgram.folder) ?? "."
    do {
      return try SecretSource(folder: folder).text(of: reference)
    } catch {
      throw PoolerAnswer.Problem(.login, "\(error)")
    }
  }
}

/// What `SHOW CONFIG` says, against what is meant.
struct ShownConfig {
  let values: [String: String]
  /// Keys that only a restart changes.
  let fixed: Set<String>

  /// Sentences, by key; `except`: keys that are not judged.
  func differences(from wanted: [String: String], except: Set<String> = []) -> [String] {
    wanted.sorted { $0.key < $1.key }.compactMap { key, value in
      guard !except.contains(key), !isSame(values[key], value) else { return nil }
      return "\(key) is \(values[key].map { $0.isEmpty ? "empty" : $0 } ?? "unknown"), not \(value.isEmpty ? "empty" : value)"
    }
  }

  private func isSame(_ shown: String?, _ wanted: String) -> Bool {
    guard let shown else { return false }
    if shown == wanted { return true }
    return Double(shown).map { $0 == Double(wanted) } ?? false
  }
}

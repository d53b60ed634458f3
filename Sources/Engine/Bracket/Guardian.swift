package import ChildProcess
import Glibc
import Journal
import JSONText
import PluginAPI
import PostgresClient
import SQLText

/// A process of its own session that keeps a bracket from staying open when everything else has died.
package enum Guardian {
  /// Its whole life; the exit code says whether it did what it was there for.
  package static func run(_ line: Lifeline = Lifeline(0)) async -> Int32 {
    // It ends by itself, soon after its parent; a machine that shuts down must not end it before.
    for number in [SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE] { signal(number) { @Sendable _ in } }
    guard case .line(let text) = await line.receive(within: .seconds(60)), let order = try? GuardianOrder(line: text)
    else { return 2 }
    for (name, value) in order.environment { setenv(name, value, 1) }
    await line.send("armed")
    guard case .line("opening") = await line.receive(within: nil) else { return 0 }
    await line.send("watching")
    let limit = BracketDeadline(.milliseconds(order.deadlineMilliseconds)).guardian
    if await line.receive(within: limit) == .line("release") { return 0 }
    return await close(order, line)
  }

  private static func close(_ order: GuardianOrder, _ line: Lifeline) async -> Int32 {
    await line.send("closing")
    // Taken over: whoever has the step closes the bracket before anything else.
    if await isReplaced(order) { return 0 }
    do {
      try await order.edges.close(order.close, tries: 60, pause: .seconds(1))
    } catch is Replaced {
      return 0
    } catch {
      await line.send("failed")
      await note("the guardian could not close `\(order.title)`: \(Failure(error).record.message)", order)
      return 1
    }
    await line.send("closed")
    await note("the guardian closed `\(order.title)`", order)
    return 0
  }

  /// A journal that does not answer says nothing: then it is closed, while there is time.
  private static func isReplaced(_ order: GuardianOrder) async -> Bool {
    let limit = BracketDeadline(.milliseconds(order.deadlineMilliseconds)).margin / 2
    return await Limited.run(for: limit) { () -> Bool in
      guard let rows = try? await journal(order, JournalSQL.bracketProof(order.holding, task: order.task)) else { return false }
      return rows == 0
    } ?? false
  }

  private static func note(_ text: String, _ order: GuardianOrder) async {
    let statement = JournalSQL.event(
      .note, run: order.run, step: order.step, fence: order.fence, actor: order.runner, data: ["text": .string(text)])
    _ = await Limited.run(for: .seconds(5)) { try? await journal(order, statement) }
  }

  private static func journal(_ order: GuardianOrder, _ statement: SQL) async throws -> Int {
    let connection = try await order.edges.target.connect(purpose: "guardian")
    let rows = try await connection.query(statement).rows.count
    await connection.close()
    return rows
  }
}

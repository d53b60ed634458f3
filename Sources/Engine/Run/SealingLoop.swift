import Journal
import PostgresClient

/// Gives committed events their number and hash, in short transactions of its own, beside the work.
struct SealingLoop {
  let target: Target

  func run() async {
    var connection: Connection?
    while !Task.isCancelled {
      try? await Task.sleep(for: .seconds(2))
      if Task.isCancelled { break }
      if connection == nil { connection = try? await target.connect(purpose: "seal") }
      if let open = connection, (try? await Sealer(open).seal()) == nil {
        await open.close()
        connection = nil
      }
    }
    await connection?.close()
  }

  /// What is committed now, at the end of a run.
  func sealAll() async {
    guard let connection = try? await target.work() else { return }
    _ = try? await Sealer(connection).seal()
    await target.giveBack(connection)
  }
}

package import PostgresClient
import SQLText

/// Gives committed events their number and their place in the chain. Any runner may, one at a time does.
package struct Sealer: Sendable {
  package let connection: Connection
  package let batch: Int

  package init(_ connection: Connection, batch: Int = 1000) {
    self.connection = connection
    self.batch = batch
  }

  /// Until nothing is left, or another sealer is at work. Each batch is a transaction of its own. Returns how many.
  @discardableResult
  package func seal() async throws -> Int {
    var sealed = 0
    while true {
      let result = try await connection.query("SELECT caisson.seal_events(\(batch))")
      guard let text = result.value, let count = Int(text) else { return sealed }
      sealed += max(0, count)
      if count < batch { return sealed }
    }
  }
}

/// What `caisson audit verify` says.
package struct Audit: Sendable, Hashable {
  package struct Flaw: Sendable, Hashable {
    package let seq: Int64
    package let wrong: String
  }

  package let flaws: [Flaw]
  package let sealed: Int64
  /// Events not yet sealed: nothing is said about them.
  package let unsealed: Int
  package let oldestUnsealed: String?

  package var isSound: Bool { flaws.isEmpty }

  package static func run(on connection: Connection) async throws -> Audit {
    let flaws = try await connection.query("SELECT seq, wrong FROM caisson.verify_chain()")
    let tail = try await connection.query(
      """
      SELECT (SELECT seq FROM caisson.seal) AS sealed, count(*) AS unsealed, min(at) AS oldest
      FROM caisson.event WHERE seq IS NULL
      """)
    guard let row = tail.rows.first else {
      throw JournalError(.unreadable, "the chain has no head", hint: "restore the journal from a backup")
    }
    return Audit(
      flaws: try flaws.rows.map { Flaw(seq: try $0.int64("seq"), wrong: try $0.string("wrong")) },
      sealed: try row.int64("sealed"), unsealed: try row.int("unsealed"), oldestUnsealed: row["oldest"])
  }
}

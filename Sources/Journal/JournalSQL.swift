package import JSONText
package import SQLText

/// The journal's transitions as statements that ride on the caller's connection and pipeline.
///
/// Each carries the fence and the state it expects and returns a row; no row means: replaced, or not possible just now.
/// A statement that decides by several rows is a function of the schema: one round trip, lock first, look after.
package enum JournalSQL {
  /// An interval as PostgreSQL reads it; the server adds it to its own clock.
  static func interval(_ duration: Duration) -> String {
    let (seconds, attoseconds) = duration.components
    return "\(seconds * 1_000_000 + attoseconds / 1_000_000_000_000) microseconds"
  }

  /// `bytea` from hexadecimal digits.
  package static func bytes(_ hex: String) -> String { "\\x" + hex }

  /// Content-addressed: the same plan is stored once. Hashes in hexadecimal.
  package static func insertPlan(
    hash: String, releaseHash: String, name: String, environment: String, canonical: Int, resolved: JSON,
    engineVersion: String
  ) -> SQL {
    """
    INSERT INTO caisson.plan (plan_hash, release_hash, name, environment, canonical, resolved, engine_version)
    VALUES (\(bytes(hash)), \(bytes(releaseHash)), \(name), \(environment), \(canonical), \(resolved), \(engineVersion))
    ON CONFLICT (plan_hash) DO NOTHING
    """
  }

  /// A line of history that no transition writes by itself.
  package static func event(
    _ kind: EventKind, run: String? = nil, step: String? = nil, task: Int? = nil, fence: Int64? = nil, actor: String,
    data: JSON = [:]
  ) -> SQL {
    """
    INSERT INTO caisson.event (run_id, step, task, fence, kind, actor, data)
    VALUES (\(optional: run), \(optional: step), \(optional: task), \(optional: fence), \(kind.rawValue), \(actor),
      \(data)) RETURNING id
    """
  }
}

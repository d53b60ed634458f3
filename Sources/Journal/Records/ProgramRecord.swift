package import JSONText
package import RunModel
package import SQLText

/// What a phase compiled to.
package struct ProgramRecord: Sendable, Hashable {
  package let step: String
  package let phase: Int
  package let attempt: Int
  package let fence: Int64
  package let direction: Direction
  package let name: String
  package let operations: JSON
  package let undo: JSON
  package let carry: JSON
  package let factsDigest: String?
  package let findings: JSON
  package let compiledAt: String

  static let select: SQL = """
    SELECT p.step, p.phase, p.attempt, p.fence, p.direction, p.name, p.operations, p.undo, p.carry,
      encode(p.facts_digest, 'hex') AS facts_digest, p.findings, p.compiled_at FROM caisson.program p
    """

  package init(_ row: Row) throws {
    step = try row.string("step")
    phase = try row.int("phase")
    attempt = try row.int("attempt")
    fence = try row.int64("fence")
    direction = try row.state("direction")
    name = try row.string("name")
    operations = try row.json("operations")
    undo = try row.json("undo")
    carry = try row.json("carry")
    factsDigest = row["facts_digest"]
    findings = try row.json("findings")
    compiledAt = try row.string("compiled_at")
  }
}

import CommandLineKit
import Engine
import JSONText
import Journal

/// `caisson audit verify`
enum AuditGroup {
  static let spec = CommandSpec(
    "audit", summary: "prove that the journal's events are unaltered", section: Section.keep)
}

/// `caisson audit verify ENVIRONMENT`
struct AuditVerifyCommand: Command {
  static let spec = CommandSpec(
    "verify", summary: "recompute the chain of sealed events",
    discussion: "Says how far the chain is sealed, where it breaks if it does, and how many events are not sealed yet.",
    arguments: [.environment], options: [.environment, .target, .variable, .output],
    examples: [CommandExample("caisson audit verify production.yaml", "exit 0 when every sealed event is as it was")])

  private let parsed: ParsedCommand

  init(_ parsed: ParsedCommand) { self.parsed = parsed }

  func run(_ console: Console) async throws -> ExitCode {
    let chosen = try ChosenEnvironment(looking: parsed)
    let audit = try await chosen.writing("audit") { try await Audit.run(on: $0) }
    if console.format == .text {
      for line in audit.lines(console.output.palette) { console.print(line) }
    } else {
      console.print(audit.json)
    }
    return audit.isSound ? .done : .failed
  }
}

extension Audit {
  func lines(_ palette: Palette) -> [String] {
    let broken = flaws.map { palette("event \($0.seq): \($0.wrong)", .red) }
    let verdict = isSound ? "\(sealed) sealed events are as they were" : "the chain is broken in \(flaws.count) places"
    let tail = oldestUnsealed.map {
      "\(unsealed) events since \(Instant.short($0)) are not sealed yet: nothing is said of them"
    }
    return broken + [verdict] + (tail.map { [$0] } ?? [])
  }

  var json: JSON {
    [
      "sound": .bool(isSound), "sealed": .int(sealed), "unsealed": .int(Int64(unsealed)),
      "oldest_unsealed": JSON(oldestUnsealed),
      "flaws": .array(flaws.map { ["seq": .int($0.seq), "wrong": .string($0.wrong)] }),
    ]
  }
}

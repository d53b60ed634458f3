import CommandLineKit

/// `caisson audit verify`
enum AuditGroup {
  static let spec = CommandSpec(
    "audit", summary: "prove that the journal's events are unaltered", section: Section.keep)
}

/// `caisson audit verify ENVIRONMENT`
struct AuditVerifyCommand {
  static let spec = CommandSpec(
    "verify", summary: "recompute the chain of sealed events",
    discussion: "Says how far the chain is sealed, where it breaks if it does, and how many events are not sealed yet.",
    arguments: [.environment], options: [.environment, .output],
    examples: [CommandExample("caisson audit verify production.yaml", "exit 0 when every sealed event is as it was")])
}

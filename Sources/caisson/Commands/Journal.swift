import CommandLineKit

/// `caisson journal install|upgrade|check`
enum JournalGroup {
  static let spec = CommandSpec(
    "journal", summary: "install, upgrade or check the journal in a database", section: Section.keep)
}

/// `caisson journal install ENVIRONMENT`
struct JournalInstallCommand {
  static let spec = CommandSpec(
    "install", summary: "make schema caisson in the target",
    discussion: "apply does this by itself; a command of its own lets another role do it beforehand.",
    arguments: [.environment], options: [.environment, .yes, .output],
    examples: [CommandExample("caisson journal install production.yaml", "as the role that may create schemas")])
}

/// `caisson journal upgrade ENVIRONMENT`
struct JournalUpgradeCommand {
  static let spec = CommandSpec(
    "upgrade", summary: "bring an older journal to this version",
    discussion: "One transaction; runs and events stay. Runners of the older version are turned away afterwards.",
    arguments: [.environment], options: [.environment, .yes, .output],
    examples: [CommandExample("caisson journal upgrade production.yaml", "after installing a new caisson")])
}

/// `caisson journal check ENVIRONMENT`
struct JournalCheckCommand {
  static let spec = CommandSpec(
    "check", summary: "compare a journal with what it should be",
    discussion: "Version, tables, functions, owner, identity of the cluster; open leases and attempts.",
    arguments: [.environment], options: [.environment, .output],
    examples: [CommandExample("caisson journal check production.yaml", "exit 0 when all is well")])
}

import CommandLineKit
import Engine
import JSONText
import Journal
import PlanModel

/// `caisson journal install ENVIRONMENT [--roles]`
struct JournalInstallCommand: Command {
  static let roles = OptionSpec.flag("roles", "also the groups caisson_runner, caisson_viewer, caisson_approver")
  static let printSQL = OptionSpec.flag("print-sql", "with --roles: print the statements, for a DBA, and do nothing")

  static let spec = CommandSpec(
    "install", summary: "make schema caisson in the target",
    discussion: """
      apply does this by itself; a command of its own lets another role do it beforehand.

      --roles makes three group roles of the cluster and grants them this journal: caisson_runner does the work and
      cannot approve, caisson_approver approves, pauses and cancels, caisson_viewer looks on. Then let logins in, by
      GRANT caisson_runner TO deploy. Run it again at any time: what was granted otherwise before is taken back.
      """,
    arguments: [.environment], options: [roles, printSQL, .environment, .target, .variable, .output],
    examples: [
      CommandExample("caisson journal install production.yaml", "as the role that may create schemas"),
      CommandExample("caisson journal install production.yaml --roles", "as its owner, with CREATEROLE"),
      CommandExample("caisson journal install production.yaml --roles --print-sql > roles.sql", "for somebody who may"),
    ])

  private let parsed: ParsedCommand

  init(_ parsed: ParsedCommand) throws {
    self.parsed = parsed
    guard parsed.has(Self.roles) || !parsed.has(Self.printSQL) else {
      throw parsed.usageError("--print-sql goes with --roles")
    }
  }

  func run(_ console: Console) async throws -> ExitCode {
    let chosen = try ChosenEnvironment(looking: parsed)
    let name = chosen.targetName
    let groups = RoleInstaller(worker: chosen.resolved.environment.role)
    if parsed.has(Self.printSQL) {
      console.print(groups.script.text)
      return .done
    }
    let wantsRoles = parsed.has(Self.roles)
    let (outcome, roles) = try await chosen.connected("install") { connection in
      let outcome = try await Installer.install(on: connection, target: name)
      if let refusal = try await CloneCheck.run(on: connection, target: name).refusal { throw refusal }
      return (outcome, wantsRoles ? try await groups.install(on: connection) : nil)
    }
    guard let roles else {
      JournalGroup.show(outcome, of: chosen, on: console)
      return .done
    }
    let view = RolesView(outcome: roles, next: groups.script.nextGrants)
    if console.format == .text {
      JournalGroup.show(outcome, of: chosen, on: console)
      for line in view.lines { console.print(line) }
    } else {
      console.print(JournalGroup.json(outcome, more: view.json))
    }
    return .done
  }
}

/// What `--roles` did, and what is typed next.
struct RolesView {
  let outcome: RoleInstaller.Outcome
  let next: [String]

  var lines: [String] {
    var lines = GroupRole.allCases.map { role in
      "\(role.rawValue) \(outcome.created.contains(role) ? "was made" : "is there"): \(role.purpose)"
    }
    let changes = Self.lines(outcome.granted, "+") + Self.lines(outcome.revoked, "-")
    lines += changes.isEmpty ? ["its rights were as they should be"] : changes
    lines += outcome.mighty.map {
      "note: \($0) can act as the journal's owner too, and change everything: REVOKE that membership"
    }
    return lines + next.map { "next: \($0)" }
  }

  /// A line for each role and right, with all it is on.
  private static func lines(_ grants: [RoleInstaller.Grant], _ sign: String) -> [String] {
    var byRight: [String: [String]] = [:]
    for grant in grants { byRight["\(grant.role) \(grant.privilege)", default: []].append(grant.object) }
    return byRight.keys.sorted().map { "  \(sign) \($0) ON \(byRight[$0, default: []].joined(separator: ", "))" }
  }

  var json: JSONObject {
    JSONObject([
      ("created", .array(outcome.created.map { .string($0.rawValue) })),
      ("granted", .array(outcome.granted.map(\.json))), ("revoked", .array(outcome.revoked.map(\.json))),
      ("act_as_owner", .array(outcome.mighty.map(JSON.string))), ("next", .array(next.map(JSON.string))),
    ])
  }
}

extension RoleInstaller.Grant {
  fileprivate var json: JSON {
    ["role": .string(role), "privilege": .string(privilege), "object": .string(object)]
  }
}

import CommandLineKit

/// Every command there is, in the order help shows them. A new command is one file and one line here.
enum CommandTree {
  static let nodes: [CommandNode] = [
    .command(InitCommand.self),
    .group(
      SandboxGroup.spec,
      [SandboxUpCommand.self, SandboxDownCommand.self, SandboxStatusCommand.self, SandboxPsqlCommand.self]),
    .command(CompletionCommand.self),
    .command(ManualCommand.self),
    .command(ValidateCommand.self),
    .command(LintCommand.self),
    .command(PlanCommand.self),
    .command(RehearseCommand.self),
    .command(GraphCommand.self),
    .command(SchemaCommand.self),
    .command(PluginsCommand.self),
    .command(ApplyCommand.self),
    .command(RolloutCommand.self),
    .command(ResumeCommand.self),
    .command(RollbackCommand.self),
    .command(FinalizeCommand.self),
    .command(WorkerCommand.self),
    .command(StatusCommand.self),
    .command(HistoryCommand.self),
    .command(EventsCommand.self),
    .command(LogsCommand.self),
    .command(ReportCommand.self),
    .command(PauseCommand.self),
    .command(CancelCommand.self),
    .command(ApproveCommand.self),
    .command(RetryCommand.self),
    .command(SkipCommand.self),
    .command(MarkDoneCommand.self),
    .group(
      ScheduleGroup.spec,
      [
        ScheduleListCommand.self, SchedulePauseCommand.self, ScheduleResumeCommand.self, ScheduleTriggerCommand.self,
      ]),
    .group(
      JournalGroup.spec,
      [
        JournalInstallCommand.self, JournalUpgradeCommand.self, JournalCheckCommand.self, JournalAdoptCommand.self,
        JournalReattachCommand.self, JournalPruneCommand.self,
      ]),
    .group(AuditGroup.spec, [AuditVerifyCommand.self]),
    .group(
      EvidenceGroup.spec,
      [EvidenceKeygenCommand.self, EvidenceExportCommand.self, EvidenceVerifyCommand.self, EvidenceShowCommand.self]),
  ]

  static let spec = CommandSpec(
    Tool.name, summary: "change the foundations of a live PostgreSQL database from a plan that can be stopped, "
      + "resumed and rolled back",
    subcommands: nodes.map(\.spec))

  /// The command that a path of words leads to, the program's name first.
  static func command(at path: [String]) -> (any Command.Type)? {
    for node in nodes where path.count > 1 && node.spec.name == path[1] {
      switch node {
      case .command(let type): return type
      case .group(_, let types): return types.first { path.count > 2 && $0.spec.name == path[2] }
      }
    }
    return nil
  }
}

/// Headings of the first help page.
enum Section {
  static let begin = "begin"
  static let check = "check"
  static let run = "run"
  static let watch = "watch"
  static let intervene = "intervene"
  static let keep = "keep in order"
}

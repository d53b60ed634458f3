package import PluginAPI
package import SQLText
package import YAMLTree

extension LintFinding {
  /// The form in which a program carries it.
  package func finding(in operation: String? = nil, at range: SourceRange? = nil) -> Finding {
    let place = operation.map { "\($0): " } ?? ""
    return Finding(Finding.Severity(severity), code, place + message, choices: [rewrite], at: range)
  }
}

extension Finding.Severity {
  fileprivate init(_ severity: LintFinding.Severity) {
    switch severity {
    case .note: self = .note
    case .warning: self = .warning
    case .refusal: self = .refusal
    }
  }
}

extension Linter {
  /// Every statement of a compiled program, whatever compiled it; `range` is where the plan asks for the step.
  ///
  /// The engine sets `lock_timeout`, so the rule about it is silent whatever `context` says.
  package static func lint(
    _ program: Program, _ context: LintContext = LintContext(), at range: SourceRange? = nil
  ) -> [Finding] {
    var context = context
    context.pinsLockTimeout = true
    var pass = LintPass(context: context, around: Surroundings())
    return program.everyLeaf.flatMap { operation in
      pass.examine(operation).map { $0.finding(in: operation.id, at: range) }
    }
  }

  /// The relation locks an operation takes: declared ones and those its statements show, the strongest of each.
  package static func locks(of operation: Operation) -> [RelationLock] {
    let shown = operation.linted.flatMap { SQLParser.parseEach($0).statements }.flatMap(\.locks)
    return (operation.locks + shown).reduce(into: []) { all, lock in
      if let place = all.firstIndex(where: { $0.relation == lock.relation }) {
        all[place].mode = max(all[place].mode, lock.mode)
      } else {
        all.append(lock)
      }
    }
  }
}

extension LintPass {
  fileprivate mutating func examine(_ operation: Operation) -> [LintFinding] {
    let texts = operation.linted.map(SQLParser.parseEach)
    let known = around
    if operation.opensTransaction { around.begin() }
    var findings = texts.flatMap(\.errors).map { SyntaxError.finding($0, context) }
    for statement in texts.flatMap(\.statements) { findings += examine(statement) }
    around.end()
    return findings + UndeclaredLock.check(operation, texts.flatMap(\.statements), known)
  }
}

extension Operation {
  fileprivate var opensTransaction: Bool {
    switch work {
    case .transaction, .chunked: true
    default: false
    }
  }

  /// The SQL that acts, with the engine's named parameters numbered; probes and conditions are left out.
  fileprivate var linted: [String] {
    let texts: [SQL] =
      switch work {
      case .transaction(let work): work.entry + work.statements.map(\.sql)
      case .autocommit(let work): [work.statement] + work.cleanup
      case .chunked(let work): work.entry + work.statements
      case .observe(let work): work.queries.map(\.sql)
      default: []
      }
    return texts.map { SQLParser.numbering(["cursor", "size", "slice"], in: $0.text) }
  }
}

import Lint
import PlanSchema
import PluginAPI
import SQLText
import Testing

@Suite("Linting a program")
struct ProgramTests {
  private let t = QualifiedName("public", "t")

  private func program(_ operations: Operation...) -> Program { Program(operations: operations) }

  private func transaction(_ texts: SQL..., locks: [RelationLock] = []) -> Operation {
    .transaction(id: "change", title: "change", texts.map { TransactionStatement($0) }, locks: locks, undo: .nothing)
  }

  private func codes(_ program: Program) -> [String] { Linter.lint(program).map(\.code) }

  @Test("findings carry code, operation, message and the safe way")
  func findings() throws {
    let finding = try #require(Linter.lint(program(transaction("CREATE INDEX i ON t (a)"))).first)
    #expect(finding.severity == .warning)
    #expect(finding.code == "lint.index_without_concurrently")
    #expect(finding.message.hasPrefix("change: building the index takes a SHARE lock on public.t"))
    #expect(finding.choices.count == 1)
  }

  @Test("a transaction operation is a transaction, an autocommit operation is none")
  func transactions() {
    let build: SQL = "CREATE INDEX CONCURRENTLY i ON t (a)"
    #expect(codes(program(transaction(build))) == ["lint.refuses_transaction"])
    let alone = Operation.autocommit(id: "b", title: "b", AutocommitWork(build, probe: nil), undo: .nothing)
    #expect(codes(program(transaction("SELECT 1"), alone)).isEmpty)
    #expect(codes(program(.parallel(id: "p", title: "p", width: 2, [alone]))).isEmpty)
  }

  @Test("a table created by an earlier operation is new to later ones")
  func created() {
    #expect(codes(program(transaction("CREATE TABLE n (a int)"), transaction("CREATE INDEX ON n (a)"))).isEmpty)
  }

  @Test("chunks are read with their named parameters and are bounded by them")
  func chunks() {
    let chunk: SQL = """
      UPDATE t SET a = 1 WHERE id > ($cursor->>'id')::bigint AND id IN (SELECT id FROM t LIMIT $size)
      """
    let work = ChunkedWork([chunk], target: TimeSpan(milliseconds: 250))
    #expect(codes(program(.chunked(id: "c", title: "c", work, undo: .nothing))).isEmpty)
  }

  @Test("a stronger lock than the declared one is a refusal")
  func locks() throws {
    let rename: SQL = "ALTER TABLE t VALIDATE CONSTRAINT c"
    let declared = RelationLock(.shareUpdateExclusive, t)
    #expect(codes(program(transaction(rename, locks: [declared]))).isEmpty)
    #expect(codes(program(transaction(rename, locks: [RelationLock(.accessExclusive, t)]))).isEmpty)
    #expect(codes(program(transaction(rename))).isEmpty)
    let wrong = Linter.lint(program(transaction("ALTER TABLE t ADD c int", locks: [declared])))
    #expect(wrong.map(\.code) == ["lint.undeclared_lock"])
    #expect(wrong.first?.severity == .refusal)
    let dropping = Operation.autocommit(
      id: "d", title: "d", AutocommitWork("DROP INDEX CONCURRENTLY i", probe: nil), locks: [declared], undo: .nothing)
    #expect(codes(program(dropping)).isEmpty)
  }

  @Test("the locks of an operation are the declared and the visible ones")
  func allLocks() {
    let operation = transaction(
      "UPDATE t SET a = 1", "ALTER TABLE t VALIDATE CONSTRAINT c",
      locks: [RelationLock(.rowExclusive, t), RelationLock(.share, QualifiedName("s", "u"))])
    #expect(
      Linter.locks(of: operation) == [
        RelationLock(.shareUpdateExclusive, t), RelationLock(.share, QualifiedName("s", "u")),
      ])
  }

  @Test("text that only a newer server understands is not linted, and not refused")
  func newer() {
    let merge: SQL = "MERGE INTO t USING u ON true WHEN MATCHED THEN DELETE RETURNING *"
    let findings = Linter.lint(program(transaction(merge)), LintContext(serverVersion: 180_000))
    #expect(findings.map(\.severity) == [.warning])
  }
}

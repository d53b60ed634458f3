import ChildProcess
import Glibc
import JSONText
import Sandbox
import TestSupport
import Testing

/// plans/zenfleet/anonymise.yaml: what its README promises.
@Suite(.serialized, .database, .contrib("btree_gist"), .ownTime(.minutes(10))) struct FleetAnonymisePlanTests {
  /// Smaller batches, so that there are more of them to be killed in.
  private static let more = """
    steps:
      anonymise-inactive: { with: { batch: 25 } }
    """
  private static let unrecorded = "  record: { skip: once is enough }"

  private func inactive(recording: Bool = false) async throws -> InactiveAccounts {
    let desk = try await PlanDesk(
      "zenfleet", plan: "anonymise.yaml", environment: "staging-anonymise.yaml", scale: "0.1",
      more: Self.more + (recording ? "" : "\n" + Self.unrecorded))
    try desk.project.write(HouseTree.text("plans/zenfleet/gdpr.yaml"), to: "gdpr.yaml")
    return try await InactiveAccounts(desk)
  }

  @Test("every selected account is done and no other, nothing of theirs is in a dump, and a second run changes nothing")
  func done() async throws {
    let accounts = try await inactive(recording: true)
    try await accounts.expect(["not all are done", "values of theirs are left"])
    let plan = try await accounts.desk.project.run("plan")
    #expect(plan.exit == 0 && plan.stdout.contains("rows of public.users are selected today"), "\(plan.stdout)\(plan.stderr)")
    let applied = try await accounts.desk.project.run("apply", "--yes")
    #expect(applied.exit == 0, "\(applied.stdout)\(applied.stderr)")
    try await accounts.expect([])
    let state = try await accounts.state()
    let again = try await accounts.desk.project.run("apply", "--yes", "--again")
    #expect(again.exit == 0, "\(again.stdout)\(again.stderr)")
    #expect(try await accounts.state() == state)
    try await expectRecord(of: accounts)
    await accounts.desk.close()
  }

  /// The record of article 30, as the plan's second step writes it.
  private func expectRecord(of accounts: InactiveAccounts) async throws {
    let record = try JSON(parsing: accounts.desk.project.text("article-30.json"))
    for letter in ["a", "b", "c", "d", "e", "f", "g"] {
      let lines = record["headings"]?[letter]?["lines"]?.array ?? []
      #expect(!lines.isEmpty && lines.allSatisfy { !($0.string ?? "").isEmpty }, "(\(letter))")
    }
    let mapped = HouseTree.text("plans/zenfleet/gdpr.yaml").split(separator: "\n").filter { $0.hasPrefix("  - table: ") }
    #expect(mapped.count == 16)
    let names = record["tables"]?.array?.compactMap { $0["table"]?.string } ?? []
    #expect(names == mapped.map { "public." + $0.dropFirst(11) })
    let run = record["last_runs"]?[0]
    #expect(run?["step"]?.string == "anonymise-inactive" && run?["done"]?.int == 0, "\(record["last_runs"] ?? .null)")
    let held = try await accounts.desk.value("SELECT count(*) FROM gdpr_legal_holds WHERE until IS NULL OR until >= current_date")
    #expect(record["holds"]?[0]?["count"]?.int.map { "\($0)" } == held)
    let text = accounts.desk.project.text("article-30.md")
    #expect(names.allSatisfy { text.contains("| \($0.replacing("_", with: "\\_")) |") } && text.contains("## Last runs"))
  }

  @Test("killed in every batch, it goes on where it was: nobody is skipped, nobody is met twice")
  func killed() async throws {
    let accounts = try await inactive()
    var kills = 0
    while true {
      let output = try await accounts.desk.killed(after: 1)
      guard output.status == .signaled(SIGKILL) else {
        #expect(output.succeeded, "killed \(kills) times\n\(output.text)")
        break
      }
      kills += 1
    }
    #expect(kills > 3)
    try await accounts.expect([])
    await accounts.desk.close()
  }

  @Test("the job that the report came with fails in all of this")
  func report() async throws {
    let accounts = try await inactive()
    try await accounts.desk.run(
      """
      DO $$ DECLARE page int := 0; found bigint[]; BEGIN
        LOOP
          SELECT array_agg(id) INTO found FROM (SELECT id FROM users WHERE NOT gdpr_anonymized
            AND last_activity_at < now() - interval '3 years' ORDER BY id LIMIT 100 OFFSET page * 100) AS chunk;
          EXIT WHEN found IS NULL;
          UPDATE users SET name = 'Anonymized', first_name = NULL, last_name = NULL, phone = NULL,
            email = 'anonymized_' || id || '@example.com', gdpr_anonymized = true WHERE id = ANY (found);
          page := page + 1;
        END LOOP;
      END $$
      """)
    try await accounts.expect([
      "not all are done", "others are done", "others were touched", "values of theirs are left",
    ])
    await accounts.desk.close()
  }
}

/// The sample with values that are one person's alone, and what may be found of them afterwards.
struct InactiveAccounts {
  let desk: PlanDesk
  private let others: String?

  /// Names, addresses, numbers and remarks nobody else has; two inactive people are on hold.
  private static let unique = """
    SET zenfleet.allow_audit_maintenance = 'on';
    UPDATE users SET first_name = 'Prénom' || id || 'x', last_name = 'Nom' || id || 'x', name = 'Prénom' || id || 'x Nom' || id || 'x';
    UPDATE users SET last_activity_at = '2015-01-01' WHERE id IN (34, 51);
    UPDATE drivers SET first_name = 'Chauffeur' || id || 'x', last_name = 'Conducteur' || id || 'x', address = 'cité-' || id || 'x',
      national_id = 'NID' || id || 'x', license_number = 'DZ-' || id || 'x';
    UPDATE assignments SET notes = 'remarque-' || id || 'x';
    UPDATE assignment_handovers SET signed_by = 'chef-' || id || 'x';
    UPDATE assignment_comments SET body = 'corps-' || id || 'x';
    UPDATE driver_sanctions SET reason = 'retard-' || id || 'x';
    UPDATE documents SET title = 'document-' || id || 'x', meta = jsonb_build_object('owner', 'propriétaire-' || id || 'x');
    UPDATE comprehensive_audit_logs SET user_agent = 'agent-' || id || 'x' WHERE user_id IS NOT NULL;
    CREATE TEMP TABLE chosen AS SELECT id FROM users u WHERE coalesce(last_activity_at, created_at) < now() - interval '3 years'
      AND NOT EXISTS (SELECT FROM gdpr_legal_holds h WHERE h.user_id = u.id);
    CREATE TEMP TABLE driving AS SELECT id FROM drivers WHERE user_id IN (SELECT id FROM chosen);
    CREATE TEMP TABLE logged AS SELECT id FROM comprehensive_audit_logs a WHERE user_id IN (SELECT id FROM chosen)
      OR resource_type = 'drivers' AND resource_id IN (SELECT id FROM driving)
      OR user_id IS NULL AND event_data->>'email' IN (SELECT b.event_data->>'email' FROM comprehensive_audit_logs b
        WHERE user_id IN (SELECT id FROM chosen));
    CREATE TEMP TABLE last_log AS SELECT max(id) AS id FROM comprehensive_audit_logs;
    CREATE TEMP TABLE theirs AS
      SELECT unnest(ARRAY[first_name, last_name, email, phone]) AS v FROM users WHERE id IN (SELECT id FROM chosen)
      UNION SELECT unnest(ARRAY[first_name, last_name, personal_email, phone, address, national_id, license_number])
        FROM drivers WHERE id IN (SELECT id FROM driving)
      UNION SELECT notes FROM assignments WHERE driver_id IN (SELECT id FROM driving)
      UNION SELECT signed_by FROM assignment_handovers WHERE assignment_id IN (
        SELECT id FROM assignments WHERE driver_id IN (SELECT id FROM driving))
      UNION SELECT body FROM assignment_comments WHERE author_id IN (SELECT id FROM chosen)
      UNION SELECT reason FROM driver_sanctions WHERE driver_id IN (SELECT id FROM driving)
      UNION SELECT unnest(ARRAY[title, path, meta->>'owner']) FROM documents
        WHERE documentable_type = 'App\\Models\\Driver' AND documentable_id IN (SELECT id FROM driving)
      UNION SELECT unnest(ARRAY[user_agent, event_data->>'email']) FROM comprehensive_audit_logs
        WHERE user_id IN (SELECT id FROM chosen);
    """

  init(_ desk: PlanDesk) async throws {
    self.desk = desk
    try await desk.run(Self.unique)
    others = try await desk.value(Self.othersRows)
    #expect(try await desk.value("SELECT count(*) > 100 FROM chosen") == "t")
  }

  /// A digest of everything that is nobody's of the chosen.
  private static let othersRows = """
    SELECT md5(string_agg(x, ';' ORDER BY x)) FROM (
      SELECT t::text AS x FROM users t WHERE id NOT IN (SELECT id FROM chosen)
      UNION ALL SELECT t::text FROM drivers t WHERE id NOT IN (SELECT id FROM driving)
      UNION ALL SELECT t::text FROM assignments t WHERE driver_id NOT IN (SELECT id FROM driving)
      UNION ALL SELECT t::text FROM driver_sanctions t WHERE driver_id NOT IN (SELECT id FROM driving)
      UNION ALL SELECT t::text FROM assignment_comments t WHERE author_id NOT IN (SELECT id FROM chosen)
      UNION ALL SELECT t::text FROM documents t
        WHERE documentable_type <> 'App\\Models\\Driver' OR documentable_id NOT IN (SELECT id FROM driving)
      UNION ALL SELECT t::text FROM vehicles t UNION ALL SELECT t::text FROM organizations t
      UNION ALL SELECT t::text FROM comprehensive_audit_logs t
        WHERE id NOT IN (SELECT id FROM logged) AND id <= (SELECT id FROM last_log)) AS rows
    """

  func expect(_ wanted: [String], sourceLocation: SourceLocation = #_sourceLocation) async throws {
    let found = try await complaints()
    #expect(found == wanted, sourceLocation: sourceLocation)
  }

  /// What is wrong, in the order of the alphabet.
  func complaints() async throws -> [String] {
    var found: [String] = []
    func holds(_ complaint: String, _ query: String) async throws {
      if try await desk.value(query) != "t" { found.append(complaint) }
    }
    try await holds(
      "not all are done", "SELECT bool_and(gdpr_anonymized AND gdpr_anonymized_at IS NOT NULL) FROM users JOIN chosen USING (id)")
    try await holds(
      "others are done", "SELECT bool_and(NOT gdpr_anonymized) FROM users WHERE id NOT IN (SELECT id FROM chosen)")
    try await holds(
      "somebody is met twice", "SELECT NOT EXISTS (SELECT FROM gdpr_audit_logs GROUP BY user_id HAVING count(*) > 1)")
    if try await desk.value(Self.othersRows) != others { found.append("others were touched") }
    if try await isAnythingLeft() { found.append("values of theirs are left") }
    return found.sorted()
  }

  /// A search through a dump of everything, caisson's own schema included.
  private func isAnythingLeft() async throws -> Bool {
    let values = try await desk.values("SELECT DISTINCT v FROM theirs WHERE v IS NOT NULL")
    try #require(values.count > 1_000)
    return try await desk.dumpHolds(values)
  }

  /// Every row with the transaction that wrote it.
  func state() async throws -> String? {
    let tables = try await desk.values(
      "SELECT oid::regclass::text FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'")
    let rows = tables.map { "SELECT t.xmin::text || t::text AS x FROM \($0) AS t" }.joined(separator: " UNION ALL ")
    return try await desk.value("SELECT md5(string_agg(x, ';' ORDER BY x)) FROM (\(rows)) AS rows")
  }
}

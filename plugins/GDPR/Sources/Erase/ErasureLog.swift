import JSONText
import PlanSchema
import PluginAPI

/// The log of erasures: a folder with two files for each, one written before anything is erased and one after. It survives
/// a restore of the database, and knows a person by a digest that needs a key.
struct ErasureLog: Sendable {
  let folder: String
  let key: Secret
  /// The table whose key tells subjects apart.
  let subjects: QualifiedName
  /// Of `erasure_log` in the plan.
  let range: SourceRange

  /// The digest's message begins so: keys of two tables may be alike.
  private var prefix: String { "caisson erasure \(subjects) " }
  /// Its digest stands in every record: with another key nobody would be found, and nobody would notice.
  private static let keyCheck = "caisson erasure key"

  // MARK: Writing

  enum State: String { case begun, done }

  /// What is said of one erasure; nothing in it is personal.
  struct Record: Sendable {
    let id: String
    /// Sha256 of the map.
    let map: String
    /// The table of the person.
    let subjects: String
    /// Rows changed, by what was done to which table.
    private(set) var rows: JSONObject

    init(id: String, _ plan: ErasePlan, rows: [(String, Int)]) {
      (self.id, map, subjects, self.rows) = (id, plan.mapHash, plan.map.subject.name.description, JSONObject([]))
      add(rows)
    }

    mutating func add(_ more: [(String, Int)]) {
      for (title, count) in more where count > 0 { rows[title] = .int((rows[title]?.int ?? 0) + Int64(count)) }
    }

    init?(_ json: JSON) {
      guard let id = json["id"]?.string, let map = json["map"]?.string, let subjects = json["subjects"]?.string,
        let rows = json["rows"]?.object
      else { return nil }
      (self.id, self.map, self.subjects, self.rows) = (id, map, subjects, rows)
    }

    var json: JSON { ["id": .string(id), "map": .string(map), "subjects": .string(subjects), "rows": .object(rows)] }
  }

  /// A tombstone, or the word that it is done.
  func write(_ record: Record, _ state: State, of subject: Secret) -> Operation {
    let id = record.id
    let head: JSON = ["caisson_erasure": 1, "id": .string(id), "state": .string(state.rawValue), "subjects": .string(record.subjects)]
    // Not yet how many rows: whoever goes on writing would change what was shown and approved.
    let rows = state == .done ? [("rows", JSON.object(record.rows))] : []
    let tail = JSON.object(JSONObject([("map", .string(record.map))] + rows))
    let message = Secret([.text(prefix)] + subject.segments)
    let content: [FileWork.Segment] = [
      .text(String(head.text.dropLast()) + ",\"subject\":\""), .hmac(key: key, message: message),
      .text("\",\"key\":\""), .hmac(key: key, message: Secret([.text(Self.keyCheck)])), .text("\",\"at\":\""), .time, .text("\"," + String(tail.text.dropFirst()) + "\n"),
    ]
    return Operation(
      id: state.rawValue, title: state == .begun ? "write the tombstone" : "write into the log that it is done",
      work: .file(FileWork(path: "\(folder)/\(id)\(Self.ending(state))", mode: 0o600, content: content)), undo: .nothing)
  }

  private static func ending(_ state: State) -> String { state == .begun ? ".begun.json" : ".json" }

  /// A run's tag, numbered where the log knows somebody else by it: the counting of runs begins again with a restore, and
  /// no tombstone is ever written over another's.
  func freeID(_ tag: String, for subject: Secret, _ facts: any Facts) async throws -> String {
    let digest = KeyedDigest(key: key, length: nil).sql(of: "\(literal: prefix) || \(secret: subject)")
    let own = try await facts.rows("SELECT \(sql: digest) AS digest").first?["digest"]
    var id = tag, number = 1
    while try await !owners(of: id, facts).isSubset(of: [own]) {
      number += 1
      id = "\(tag)-\(number)"
    }
    return id
  }

  private func owners(of id: String, _ facts: any Facts) async throws -> Set<String?> {
    var owners: Set<String?> = []
    for state in [State.begun, .done] {
      let name = id + Self.ending(state)
      for (found, text) in try await records(ending: name, facts) where found == name {
        owners.insert((try? JSON(parsing: text))?["subject"]?.string)
      }
    }
    return owners
  }

  // MARK: Reading

  struct Entry: Sendable, Hashable {
    var id: String
    /// Digest of the subject's key.
    var subject: String
    var map: String
    /// Digest of the key itself; `nil`: the record has none.
    var key: String?
    var isDone: Bool
  }

  /// Erasures of subjects of this table, each once; throws a refusal where a file is not what it should be.
  func entries(_ facts: any Facts) async throws -> [Entry] {
    let files = try await records(ending: ".json", facts)
    var entries: [String: Entry] = [:]
    for (name, text) in files.sorted(by: { $0.key < $1.key }) {
      guard let json = try? JSON(parsing: text), json["caisson_erasure"] == 1, let id = json["id"]?.string,
        let state = json["state"]?.string.flatMap(State.init), let subject = json["subject"]?.string, subject.count == 64,
        let table = json["subjects"]?.string
      else { throw damaged(name) }
      guard table == subjects.description else { continue }
      let known = entries[id]?.isDone ?? false
      entries[id] = Entry(id: id, subject: subject, map: json["map"]?.string ?? "", key: json["key"]?.string, isDone: known || state == .done)
    }
    return entries.values.sorted { $0.id < $1.id }
  }

  private func records(ending suffix: String, _ facts: any Facts) async throws -> [String: String] {
    do {
      return try await facts.records(in: folder, ending: suffix)
    } catch {
      throw StepRefusal([
        .refusal(
          "gdpr.log.folder", "the log of erasures cannot be read: \(error)",
          choices: ["make the folder, apart from the database: mkdir -m 700 \(folder)", "correct `erasure_log`"], at: range)
      ])
    }
  }

  private func damaged(_ name: String) -> StepRefusal {
    StepRefusal([
      .refusal(
        "gdpr.log.damaged", "\(folder)/\(name) is not a record of an erasure",
        choices: ["restore the log from where it is kept apart", "move the file away, if it never was one"], at: range)
    ])
  }

  /// Records that were written under another key than ours tell us nothing.
  func otherKey(_ entries: [Entry], _ facts: any Facts, at range: SourceRange) async throws -> Finding? {
    let digest = KeyedDigest(key: key, length: nil).sql(of: "\(literal: Self.keyCheck)")
    let own = try await facts.rows("SELECT \(sql: digest) AS digest").first?["digest"]
    let others = entries.filter { $0.key != nil && $0.key != own }
    guard !others.isEmpty else { return nil }
    return .refusal(
      "gdpr.log.key", "\(others.count) of \(entries.count) erasures of the log were written under another `log_key`",
      choices: ["give the key they were written under", "a folder of its own for each key"], at: range)
  }

  /// Subjects there are whose digest stands in the log.
  func subjects(_ entries: [Entry], in map: ResolvedMap) -> SubjectKeys {
    let digest = KeyedDigest(key: key, length: nil).sql(of: "\(literal: prefix) || t.\(id: map.key.name)::text")
    let wanted = Set(entries.map(\.subject)).sorted()
    return SubjectKeys(
      "SELECT t.\(id: map.key.name) AS key FROM \(sql: map.subject.source) WHERE \(sql: digest) = ANY (\(wanted)::text[])")
  }
}

extension ErasePlan {
  /// Numbers of the erasures that a journal beside the data knows to be done.
  func erasuresInJournal(_ facts: any Facts) async throws -> [String] {
    let there = try await facts.rows("SELECT to_regclass('caisson.program') IS NOT NULL AS there").first?["there"]
    guard there == "t" else { return [] }
    return try await facts.rows(
      """
      SELECT DISTINCT p.carry->>'id' AS id FROM caisson.program p JOIN caisson.step s USING (run_id, step)
      JOIN caisson.task t ON t.run_id = p.run_id AND t.step = p.step AND t.operation = 'erase' AND t.state = 'done'
      WHERE s.kind = 'gdpr.erase' AND p.carry->>'id' IS NOT NULL
        AND p.carry->>'subjects' = \(map.subject.name.description)
      """
    ).map { try $0.string("id") }
  }
}

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

  /// The digest's message begins so: keys of two tables may be alike.
  private var prefix: String { "caisson erasure \(subjects) " }

  // MARK: Writing

  enum State: String { case begun, done }

  /// A tombstone: nothing in it is personal.
  func record(
    _ state: State, id: String, of subject: Secret, _ plan: ErasePlan, counts: [Int]
  ) -> Operation {
    let rows = zip(plan.changes, counts).filter { $0.1 > 0 }.map { ($0.0.title, JSON.int(Int64($0.1))) }
    let head: JSON = ["caisson_erasure": 1, "id": .string(id), "state": .string(state.rawValue), "subjects": .string("\(subjects)")]
    let tail: JSON = ["map": .string(plan.mapHash), "rows": .object(JSONObject(rows))]
    let message = Secret([.text(prefix)] + subject.segments)
    let content: [FileWork.Segment] = [
      .text(String(head.text.dropLast()) + ",\"subject\":\""), .hmac(key: key, message: message),
      .text("\",\"at\":\""), .time, .text("\"," + String(tail.text.dropFirst()) + "\n"),
    ]
    return Operation(
      id: state.rawValue, title: state == .begun ? "write the tombstone" : "write into the log that it is done",
      work: .file(FileWork(path: "\(folder)/\(id)\(Self.ending(state))", mode: 0o600, content: content)), undo: .nothing)
  }

  private static func ending(_ state: State) -> String { state == .begun ? ".begun.json" : ".json" }

  // MARK: Reading

  struct Entry: Sendable, Hashable {
    var id: String
    /// Digest of the subject's key.
    var subject: String
    var map: String
    var isDone: Bool
  }

  /// Erasures of subjects of this table, each once; throws a refusal where a file is not what it should be.
  func entries(_ facts: any Facts) async throws -> [Entry] {
    let files = try await facts.records(in: folder, ending: ".json")
    var entries: [String: Entry] = [:]
    for (name, text) in files.sorted(by: { $0.key < $1.key }) {
      guard let json = try? JSON(parsing: text), json["caisson_erasure"] == 1, let id = json["id"]?.string,
        let state = json["state"]?.string.flatMap(State.init), let subject = json["subject"]?.string, subject.count == 64,
        let table = json["subjects"]?.string
      else { throw damaged(name) }
      guard table == subjects.description else { continue }
      let known = entries[id]?.isDone ?? false
      entries[id] = Entry(id: id, subject: subject, map: json["map"]?.string ?? "", isDone: known || state == .done)
    }
    return entries.values.sorted { $0.id < $1.id }
  }

  private func damaged(_ name: String) -> StepRefusal {
    StepRefusal(
      "gdpr.log.damaged", "\(folder)/\(name) is not a record of an erasure",
      choices: ["restore the log from where it is kept apart", "move the file away, if it never was one"])
  }

  /// Subjects there are whose digest stands in the log.
  func subjects(_ entries: [Entry], in map: ResolvedMap) -> SubjectKeys {
    let digest = KeyedDigest(key: key, length: nil).sql(of: "\(literal: prefix) || t.\(id: map.key.name)::text")
    let wanted = Set(entries.map(\.subject)).sorted()
    return SubjectKeys(
      "SELECT t.\(id: map.key.name) AS key FROM \(sql: map.subject.source) WHERE \(sql: digest) = ANY (\(wanted)::text[])")
  }
}

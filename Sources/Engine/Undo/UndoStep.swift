import Journal
import PluginAPI

/// A forward task and what takes it back.
struct UndoStep {
  let task: TaskRecord
  let operation: Operation
  var operations: [Operation]
  /// In a bracket: the forward task of each operation's leaf that is not the bracket's own.
  var forward: [String: Int] = [:]
  /// Further tasks that need nothing of their own.
  var beside: [Int] = []

  init(task: TaskRecord, of operation: Operation, _ operations: [Operation]) {
    self.task = task
    self.operation = operation
    self.operations = operations
  }

  /// What was done inside a bracket is taken back inside it; unless the bracket says how (`whole`): then that is all.
  static func bracketed(
    _ steps: [UndoStep], _ bracket: Operation, _ marker: TaskRecord, whole: [Operation]?
  ) -> [UndoStep] {
    guard case .bracket(var work) = bracket.work else { return steps }
    let inside = Set(work.body.flatMap(\.leaves).map(\.id))
    let mine = steps.filter { inside.contains($0.operation.id) || $0.operation.id == bracket.id }
    guard !mine.isEmpty else { return steps }
    var one = UndoStep(task: marker, of: bracket, whole ?? [])
    one.beside = mine.map(\.task.task).filter { $0 != marker.task }
    if whole == nil {
      let bodies = mine.filter { $0.operation.id != bracket.id }
      for step in bodies {
        for leaf in step.operations.flatMap(\.leaves) { one.forward[leaf.id] = step.task.task }
      }
      work.body = bodies.flatMap(\.operations)
      if !work.body.isEmpty {
        one.operations = [
          Operation(
            id: "undo-\(marker.task)/\(bracket.id)", title: "take back inside: \(bracket.title)",
            work: .bracket(work), undo: .nothing)
        ]
      }
    }
    let place = steps.firstIndex { step in mine.contains { $0.task.task == step.task.task } } ?? 0
    var rest = steps.filter { step in !mine.contains { $0.task.task == step.task.task } }
    rest.insert(one, at: min(place, rest.count))
    return rest
  }
}

extension Operation {
  /// Begins the id of an operation whose files are taken back rather than written.
  static let takingBack = "back-"

  /// The operation that takes the files of this one back.
  func takingBack(_ task: Int) -> Operation {
    Operation(id: "\(Self.takingBack)\(task)/\(id)", title: "take back: \(title)", work: work, undo: .nothing)
  }

  var isBracket: Bool { if case .bracket = work { true } else { false } }

  /// Its effect is on disk, where the interpreter of its kind takes it back.
  var writesFiles: Bool {
    switch work {
    case .file, .export: true
    default: false
    }
  }

  /// The same operation under an id of its own, members included.
  func prefixed(_ prefix: String) -> Operation {
    var copy = self
    copy.id = prefix + id
    switch copy.work {
    case .parallel(var work):
      work.members = work.members.map { $0.prefixed(prefix) }
      copy.work = .parallel(work)
    case .bracket(var work):
      work.body = work.body.map { $0.prefixed(prefix) }
      copy.work = .bracket(work)
    default: break
    }
    return copy
  }
}

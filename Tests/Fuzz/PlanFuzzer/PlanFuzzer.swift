import CFuzzer
import Glibc
import JSONText
import PlanModel
import PlanSchema
import PluginAPI
import YAMLTree

@main
struct PlanFuzzer {
  static func main() {
    var count = CommandLine.argc
    var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv
    exit(LLVMFuzzerRunDriver(&count, &arguments) { start, count in read(start, count) })
  }
}

/// One input: a plan and an environment in the form of a case of the corpus (`--- plan.yaml` starts a file).
/// Whatever the bytes, reading ends, does not trap, and keeps its promises.
private func read(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = Array(UnsafeBufferPointer(start: start, count: count))
  checkTree(bytes)
  var files = ["staging.yaml": Array("environment: staging\ntarget: sandbox\n".utf8)]
  for (name, content) in sections(of: bytes) { files[name] = content }
  if files["plan.yaml"] == nil { files["plan.yaml"] = bytes }
  checkPlan(files)
  return 0
}

private func checkTree(_ bytes: [UInt8]) {
  let text = YAMLText(bytes, file: "input")
  precondition(text.root != nil || !text.problems.isEmpty, "no tree and no reason")
  for problem in text.problems { precondition(problem.range.start.line >= 1, "a problem without a place") }
  guard let root = text.root, text.problems.isEmpty else { return }
  // A tree frozen as JSON reads back as the same JSON.
  let json = root.json
  precondition(Node(json: json).json == json, "a tree that does not survive freezing")
}

private func checkPlan(_ files: [String: [UInt8]]) {
  let loader = PlanLoader(ToySteps.registry, files: MemoryFiles(files, environment: ["DATABASE_URL": "service=x"]))
  do {
    let resolved = try loader.load(PlanRequest(path: "staging.yaml", checksSecrets: false))
    let again = try ResolvedPlan(frozen: JSON(parsing: resolved.json.canonical), releaseHash: resolved.releaseHash)
    precondition(again.planHash == resolved.planHash, "a plan that hashes differently when frozen")
    for step in again.plan.steps { try checkParameters(step) }
  } catch let error as InvalidInput {
    precondition(error.diagnostics.hasErrors, "refused without an error")
    precondition(!error.diagnostics.render().isEmpty)
  } catch {
    preconditionFailure("\(error)")
  }
}

/// Frozen parameters read back to what was frozen.
private func checkParameters(_ step: PlanStep) throws {
  guard let kind = ToySteps.registry[step.uses] else { preconditionFailure("an unknown kind was accepted") }
  func check<Kind: StepKind>(_ kind: Kind.Type) throws {
    let parameters = try Kind.Parameters.read(json: step.withJSON)
    precondition(parameters.json == step.withJSON, "parameters that change when frozen")
  }
  try check(kind)
}

private func sections(of bytes: [UInt8]) -> [(String, [UInt8])] {
  var out: [(String, [UInt8])] = []
  for line in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
    if line.starts(with: "--- ".utf8) {
      let words = String(decoding: line.dropFirst(4), as: UTF8.self).split(separator: " ")
      out.append((words.first.map(String.init) ?? "", []))
    } else if !out.isEmpty {
      out[out.count - 1].1 += line + [UInt8(ascii: "\n")]
    }
  }
  return out
}

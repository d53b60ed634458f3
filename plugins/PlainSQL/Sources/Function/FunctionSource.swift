import Catalog
import JSONText
import PlanSchema
import PluginAPI
import SQLText
import YAMLTree

/// Reads the one statement that defines the function a step names.
enum FunctionSource {
  struct Problem: Error {
    var finding: Finding
  }

  static func read(_ source: String, named name: QualifiedName, at place: SourceRange) -> Result<FunctionText, Problem>
  {
    func problem(_ code: String, _ message: String, _ choice: String) -> Result<FunctionText, Problem> {
      .failure(Problem(finding: .refusal(code, message, choices: [choice], at: place)))
    }
    let statement: ParsedStatement
    do { statement = try SQLParser.parseOne(source) } catch {
      return problem(
        "sql.syntax", "line \(error.line), column \(error.column) of the definition: \(error.message)",
        "correct it; sql.run takes what the grammar of PostgreSQL \(Script.grammar) cannot read")
    }
    guard let function = FunctionText(statement) else {
      return problem(
        "function.statement", "`\(Title.of(statement.text))` defines no function", "write one CREATE FUNCTION statement"
      )
    }
    guard function.name == name else {
      let found = function.name.map(\.description) ?? ""
      return problem(
        "function.name", "the statement defines \(found), the step says \(name)",
        "write the same name in both, the schema too unless it is public")
    }
    if function.hasCopiedType {
      return problem(
        "function.copied_type", "a type is written as %TYPE: which function it replaces depends on that column today",
        "write the type itself")
    }
    return .success(function)
  }
}

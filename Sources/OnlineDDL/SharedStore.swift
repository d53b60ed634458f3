public import PluginAPI

/// What steps of a plugin keep in schema caisson beside the journal, made by the first of them that needs it.
public enum SharedStore {
  /// Harmless when it is there, also when two steps make it at once.
  ///
  /// - `last`: what the statements make last; where it is, all of it is.
  /// - `statements`: SQL, each ended by a semicolon.
  /// - `seen`: tables and views that whoever looks on may read; `called`: functions, with their arguments' types.
  public static func creation(
    unless last: QualifiedName, _ statements: String, seen: [QualifiedName], called: [String] = []
  ) -> SQL {
    let tables = ["GRANT SELECT ON \(seen.map(\.quoted).joined(separator: ", ")) TO caisson_viewer;"]
    let grants = tables + called.map { "GRANT EXECUTE ON FUNCTION \($0) TO caisson_viewer;" }
    let body = """
      BEGIN
        IF pg_catalog.to_regclass(\(Quoting.literal(last.quoted))) IS NOT NULL THEN
          RETURN;
        END IF;
      \(indented(statements, by: 2))
        IF EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'caisson_viewer') THEN
      \(indented(grants.joined(separator: "\n"), by: 4))
        END IF;
      EXCEPTION WHEN duplicate_table OR duplicate_object OR duplicate_function OR unique_violation THEN NULL;
      END
      """
    return "DO LANGUAGE plpgsql \(literal: body)"
  }

  private static func indented(_ text: String, by count: Int) -> String {
    let margin = String(repeating: " ", count: count)
    return text.split(separator: "\n", omittingEmptySubsequences: false).map { margin + $0 }.joined(separator: "\n")
  }
}

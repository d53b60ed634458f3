package import PluginAPI

extension PartitionedTable {
  /// Ranges that hold nothing at or after a value, SQL of the key's type.
  package func ranges(endingBy value: SQL, _ facts: any Facts) async throws -> [ExistingPartition] {
    guard let key else { return [] }
    let finite = ranges.filter { $0.to?.text != nil }
    let type: String = key.kind.isNumber ? "numeric" : key.type
    let places = try await facts.rows(
      """
      SELECT b.place FROM unnest(\(finite.compactMap { $0.to?.text })::text[]) WITH ORDINALITY AS b(bound, place)
      WHERE b.bound::\(sql: type) <= \(sql: value) ORDER BY b.place
      """)
    return try places.map { finite[try $0.int("place") - 1] }
  }

  /// Tables that its foreign keys point to: attaching and detaching lock them as well.
  package func referenced(_ source: any Facts) async throws -> [QualifiedName] {
    try await source.rows(
      """
      SELECT DISTINCT n.nspname AS schema, t.relname AS name FROM pg_constraint k
      JOIN pg_class t ON t.oid = k.confrelid JOIN pg_namespace n ON n.oid = t.relnamespace
      WHERE k.conrelid = \(facts.oid)::int8::oid AND k.contype = 'f' AND k.confrelid <> k.conrelid ORDER BY 1, 2
      """
    ).map { QualifiedName(try $0.string("schema"), try $0.string("name")) }
  }
}

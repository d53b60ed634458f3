import PluginAPI

extension ResolvedMap {
  /// Locks subjects, and what leads from other tables to them: nobody can add rows that refer to them meanwhile, and who
  /// is at it is waited for.
  func locks(_ keys: SubjectKeys) -> [SQL] {
    let between = Set(tables.flatMap { $0.ways.flatMap { $0.hops.dropLast().map(\.target) } })
    let locked = [subject] + tables.filter { between.contains($0.name) && !$0.isSubject }
    return locked.map { table in
      """
      SELECT count(*) FROM (SELECT FROM \(sql: table.source)
      WHERE \(sql: table.rows(of: keys, key: key.name)) FOR UPDATE OF t) AS locked
      """
    }
  }
}

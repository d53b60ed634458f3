import PluginAPI

/// The operations that write the files, and log in with them.
struct RenderedFiles {
  let wanted: PgbouncerRender.Parameters
  let config: RenderedConfig
  let folder: String
  let account: String
  let installed: InstalledBouncer

  func operations() throws -> [Operation] {
    var operations = [
      file("users", "write \(folder)/userlist.txt", "userlist.txt", mode: 0o600, users()),
      file("config", "write \(folder)/pgbouncer.ini", "pgbouncer.ini", mode: 0o640, [.text(config.text)]),
    ]
    if wanted.auth.from == .query {
      let script = AuthLookup(wanted: wanted).script
      operations.append(
        file("lookup", "write \(folder)/auth_query.sql", "auth_query.sql", mode: 0o640, [.text(script)]))
    }
    if let login = try login() { operations.append(login) }
    return operations
  }

  private func file(
    _ id: String, _ title: String, _ name: String, mode: Int, _ content: [FileWork.Segment]
  ) -> Operation {
    let work = FileWork(path: "\(folder)/\(name)", mode: mode, content: content, owner: account)
    return Operation(id: id, title: title, work: .file(work), undo: .nothing)
  }

  /// A line each, verifiers instead of passwords.
  private func users() -> [FileWork.Segment] {
    var segments: [FileWork.Segment] = []
    for entry in wanted.admins.entries + wanted.users.entries {
      guard let reference = entry.value.password?.reference else { continue }
      let name = entry.key.replacing("\"", with: "\"\"")
      segments += [.text("\"\(name)\" \""), .scramVerifier(user: entry.key, reference), .text("\"\n")]
    }
    if wanted.auth.from == .query, let reference = wanted.auth.password?.reference {
      let name = wanted.auth.user.name.replacing("\"", with: "\"\"")
      segments += [.text("\"\(name)\" \""), .secret(reference), .text("\"\n")]
    }
    return segments.isEmpty ? [.text("")] : segments
  }

  /// Each user into each database, through a PgBouncer of our own with these very files.
  private func login() throws -> Operation? {
    guard wanted.validate, let program = installed.program else { return nil }
    let logins = wanted.users.flatMap { user -> [PoolerOrder.Login] in
      guard let password = user.value.password else { return [] }
      return wanted.databases.map { PoolerOrder.Login(user: user.key, password: password.description, database: $0.key) }
    }
    guard !logins.isEmpty else { return nil }
    var order = PoolerOrder(program: program, account: account, expected: config.expected, answers: false)
    order.file = "\(folder)/pgbouncer.ini"
    order.logins = Array(logins.prefix(50))
    return Operation(
      id: "login", title: "log in as each user through a PgBouncer started with the files",
      work: .process(ProcessWork(try order.arguments(), timeout: .minutes(2), idempotent: true)), undo: .nothing)
  }
}

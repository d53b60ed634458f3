import PluginAPI

/// The PgBouncer on this machine, and the version that files are written for.
struct InstalledBouncer {
  /// `nil`: not installed.
  let program: String?
  let version: BouncerVersion

  /// Debian installs it where a user's PATH does not look.
  static let places = ["pgbouncer", "/usr/sbin/pgbouncer", "/usr/local/sbin/pgbouncer", "/usr/local/bin/pgbouncer"]

  static func find(_ wanted: PgbouncerRender.Parameters, _ facts: any Facts) async throws -> InstalledBouncer {
    let found = await installed(wanted.program.map { [$0] } ?? places, facts)
    guard let version = wanted.version ?? found?.version else {
      throw BouncerRefusal(
        "pgbouncer.missing", "PgBouncer is not installed here\(wanted.program.map { " as \($0)" } ?? "")",
        choices: ["install it, or say where it is: program", "version: \"\(BouncerVersion.oldest)\", and validate: false"],
        at: wanted.program == nil ? nil : wanted.$program)
    }
    guard (BouncerVersion.oldest...BouncerVersion.newest).contains(version) else {
      throw BouncerRefusal(
        "pgbouncer.version", "PgBouncer \(version) is installed; settings are known of \(BouncerVersion.oldest) to \(BouncerVersion.newest)",
        choices: ["version: the nearest of these, and validate: true says what it does not understand"])
    }
    // Another one would say of its own settings what is not true of these.
    if wanted.validate, let found, found.version != version {
      throw BouncerRefusal(
        "pgbouncer.version", "the files are for PgBouncer \(version), and \(found.program) is \(found.version)",
        choices: ["version: \"\(found.version)\"", "validate: false", "program: where a PgBouncer \(version) is"], at: wanted.$version)
    }
    return InstalledBouncer(program: found?.program, version: version)
  }

  static func installed(_ places: [String], _ facts: any Facts) async -> (program: String, version: BouncerVersion)? {
    for place in places {
      guard let said = try? await facts.program([place, "--version"]), let version = BouncerVersion(parsing: said)
      else { continue }
      return (place, version)
    }
    return nil
  }
}

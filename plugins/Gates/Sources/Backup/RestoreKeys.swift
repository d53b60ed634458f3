import PlanSchema

/// How a backup is tried.
struct RestoreKeys: ParameterSet {
  @Parameter("Folder on this host with room for all of it; a folder inside it is made and removed.") var folder: String
  @Parameter("A query that the restored database answers with true [it has tables].") var query: SQLStatement?
  @Parameter("The database it is put to [the target's].") var database: String?
  @Parameter("The operating system user that runs it, where caisson is root: servers refuse to be.") var user: String?
  @Parameter("Folder of the server programs of the right major version [as Debian installs them].") var bin: String?
  @Parameter("How long all of it may take.", tuning: true) var timeout = TimeSpan.hours(6)

  func check(_ report: inout Diagnostics) {
    // The path of a socket is short, and the server's options go through a shell of pg_ctl's.
    let isPlain = folder.hasPrefix("/") && folder.utf8.count <= 48 && folder.unicodeScalars.allSatisfy(Self.isPlain)
    if !isPlain {
      report.error(
        "restore.folder", "`\(folder)` cannot hold a server's socket", at: $folder,
        hint: "an absolute path of at most 48 letters, digits, `-`, `_`, `.` and `/`")
    }
    if timeout <= .zero { report.error("value.range", "a restore takes its time", at: $timeout) }
  }

  static func isPlain(_ scalar: Unicode.Scalar) -> Bool {
    scalar.isASCII && (scalar.properties.isAlphabetic || "0123456789-_./".unicodeScalars.contains(scalar))
  }
}

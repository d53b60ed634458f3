import Glibc
import JSONText
import PluginAPI
import PostgresClient
import SQLText
import Synchronization

/// Streams queries with COPY into partial files and writes the manifest last. The connection is in the snapshot.
struct ExportWriter {
  let work: ExportWork
  let layout: ExportLayout
  let export: String
  /// Rows written so far.
  let progress: @Sendable (Int) -> Void

  func write(from connection: Connection) async throws -> ExportManifest {
    if layout.isFolder, mkdir(layout.partial, mode_t(0o700)) != 0 { throw AtomicFile.failure("create", layout.partial) }
    let files = layout.isFolder ? try await folder(from: connection) : [try await file(from: connection)]
    let manifest = ExportManifest(export: export, files: files)
    if layout.isFolder {
      let sums = try ExportFile("\(layout.partial)/\(ExportLayout.sumsName)")
      try sums.text(manifest.sums)
      _ = try sums.finish()
    }
    let last = try ExportFile(layout.partialManifest)
    try last.text(manifest.text)
    _ = try last.finish()
    return manifest
  }

  private func folder(from connection: Connection) async throws -> [ExportManifest.File] {
    var files: [ExportManifest.File] = []
    for query in work.queries {
      let name = ExportLayout.fileName(query.name, work.format)
      let file = try ExportFile("\(layout.partial)/\(name)")
      try await stream(query, to: file, from: connection)
      files.append(try described(file, name))
    }
    return files
  }

  /// Several queries in one file are an object of arrays, which only JSON has.
  private func file(from connection: Connection) async throws -> ExportManifest.File {
    let file = try ExportFile(layout.partial)
    if work.queries.count == 1 {
      try await stream(work.queries[0], to: file, from: connection)
    } else {
      for (place, query) in work.queries.enumerated() {
        try file.text("\(place == 0 ? "{" : ",")\n\(JSON.string(query.name).text): ")
        try await stream(query, to: file, from: connection)
      }
      try file.text("}\n")
    }
    let name = layout.path.split(separator: "/").last.map(String.init) ?? layout.path
    return try described(file, name)
  }

  private func described(_ file: ExportFile, _ name: String) throws -> ExportManifest.File {
    let digest = try file.finish()
    return ExportManifest.File(name: name, rows: file.rows, bytes: file.bytes, sha256: digest)
  }

  private func stream(_ query: ExportWork.Query, to file: ExportFile, from connection: Connection) async throws {
    let copy = ExportCopy(query: query, format: work.format)
    let before = file.rows, chunks = Mutex(0)
    if work.format == .json { try file.text("[") }
    let rows = try await connection.copyOut(copy.statement) { chunk in
      let number = chunks.withLock { count -> Int in
        count += 1
        return count
      }
      switch work.format {
      case .csv, .ndjson: try file.add(chunk)
      case .json:
        try file.text(number == 1 ? "\n" : ",\n")
        try file.add(chunk.dropLast())
      }
      if number % 10_000 == 0 { progress(before + number) }
    }
    if work.format == .json { try file.text(rows == 0 ? "]\n" : "\n]\n") }
    file.rows += rows
    progress(file.rows)
  }
}

/// The COPY of one query.
struct ExportCopy {
  let query: ExportWork.Query
  let format: ExportWork.Format

  /// JSON goes through the CSV format with control characters as quote and delimiter, which JSON text cannot hold: the
  /// text format would double backslashes. Line breaks of a json column are blanks between its tokens.
  var statement: SQL {
    let text = SQL(verbatim: ExportCopy.bare(query.sql.text))
    return switch format {
    case .csv: "COPY (\(sql: text)\n) TO STDOUT (FORMAT csv, HEADER true)"
    case .ndjson, .json:
      """
      COPY (SELECT translate(row_to_json(q)::text, E'\\n\\r', '  ') FROM (\(sql: text)
      ) q) TO STDOUT (FORMAT csv, QUOTE E'\\x01', DELIMITER E'\\x02')
      """
    }
  }

  private static func bare(_ text: String) -> String {
    var text = Substring(text)
    while let last = text.last, last.isWhitespace || last == ";" { text.removeLast() }
    return String(text)
  }
}

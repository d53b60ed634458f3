import JSONText
import SQLText

extension IndexFacts {
  init(row: Row) throws {
    let definition = try row.string("definition")
    let method = try row.string("method")
    let parts = (try JSON(parsing: try row.string("keys")).array ?? []).map(IndexKeyRow.init(json:))
    let suffixes = DefinitionKeys.suffixes(
      of: definition, method: method, texts: parts.filter(\.isKey).map(\.text))
    let name = QualifiedName(try row.string("schema"), try row.string("name"))
    self.init(
      oid: try row.int64("oid"), name: name,
      table: QualifiedName(try row.string("table_schema"), try row.string("table_name")),
      tableOid: try row.int64("table_oid"), method: method, definition: definition,
      keys: parts.filter(\.isKey).enumerated().map { place, part in
        part.key(suffix: suffixes.indices.contains(place) ? suffixes[place] : "")
      },
      include: parts.filter { !$0.isKey }.compactMap(\.column), predicate: row["predicate"],
      options: try row.strings("options"), tablespace: row["tablespace"], isUnique: try row.bool("indisunique"),
      nullsNotDistinct: try row.bool("indnullsnotdistinct"), isPrimary: try row.bool("indisprimary"),
      isValid: try row.bool("indisvalid"), isReady: try row.bool("indisready"),
      isClustered: try row.bool("indisclustered"), isReplicaIdentity: try row.bool("indisreplident"),
      isPartitioned: try row.string("relkind") == RelationKind.partitionedIndex.rawValue,
      constraint: row["constraint_name"], parent: QualifiedName(row["parent_schema"], row["parent_name"]),
      comment: row["comment"], owner: try row.string("owner"), bytes: try row.int64("bytes"),
      columns: try row.strings("columns"))
  }
}

/// One element of the `keys` column.
private struct IndexKeyRow {
  let json: JSON
  init(json: JSON) { self.json = json }

  var column: String? { json["column"]?.string }
  var text: String { json["text"]?.string ?? "" }
  var isKey: Bool { json["key"]?.bool ?? false }

  /// `suffix` is what the server printed after the key: exactly what is not a default.
  func key(suffix: String) -> IndexKey {
    let hasCollation = suffix.hasPrefix("COLLATE ")
    let flags = json["flags"]?.int ?? 0
    return IndexKey(
      column: column, text: text,
      operatorClass: DefinitionKeys.namesOperatorClass(suffix)
        ? QualifiedName(json["opclass_schema"]?.string, json["opclass"]?.string) : nil,
      operatorClassOptions: (json["options"]?.array ?? []).compactMap(\.string),
      collation: hasCollation
        ? QualifiedName(json["collation_schema"]?.string, json["collation"]?.string) : nil,
      isDescending: flags & 1 != 0, nullsFirst: flags & 2 != 0,
      statisticsTarget: Int(json["statistics"]?.int ?? -1))
  }
}

/// Reads the key list of `pg_get_indexdef`, whose key texts are known: what stands between them.
enum DefinitionKeys {
  static func suffixes(of definition: String, method: String, texts: [String]) -> [String] {
    let opening = " USING " + method + " ("
    guard let start = definition.firstRange(of: opening) else { return [] }
    var rest = definition[start.upperBound...]
    var suffixes: [String] = []
    for text in texts {
      guard rest.hasPrefix(text) else { return suffixes }
      rest = rest.dropFirst(text.count)
      let suffix = rest[..<end(of: rest)]
      suffixes.append(suffix.first == " " ? String(suffix.dropFirst()) : String(suffix))
      rest = rest[suffix.endIndex...].drop { $0 == "," || $0 == " " }
    }
    return suffixes
  }

  /// The first comma or closing parenthesis outside quotes and parentheses.
  private static func end(of text: Substring) -> Substring.Index {
    var depth = 0
    var quote: Character?
    for place in text.indices {
      let character = text[place]
      if let open = quote {
        if character == open { quote = nil }
        continue
      }
      switch character {
      case "\"", "'": quote = character
      case "(": depth += 1
      case ")" where depth == 0: return place
      case ")": depth -= 1
      case "," where depth == 0: return place
      default: break
      }
    }
    return text.endIndex
  }

  /// Whether an operator class stands between the collation and the order.
  static func namesOperatorClass(_ suffix: String) -> Bool {
    var rest = Substring(suffix)
    if rest.hasPrefix("COLLATE ") {
      rest = rest.dropFirst("COLLATE ".count)
      rest = rest[nameEnd(rest)...].drop { $0 == " " }
    }
    return !rest.isEmpty && rest != "DESC" && !rest.hasPrefix("DESC ") && !rest.hasPrefix("NULLS ")
  }

  /// The first space outside quotes.
  private static func nameEnd(_ text: Substring) -> Substring.Index {
    var quoted = false
    for place in text.indices {
      if text[place] == "\"" { quoted.toggle() }
      if text[place] == " ", !quoted { return place }
    }
    return text.endIndex
  }
}

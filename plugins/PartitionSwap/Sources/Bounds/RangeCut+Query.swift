import OnlineDDL
import PluginAPI

extension RangeCut {
  /// Rows `(edge, label)` in order.
  var calendarQuery: SQL {
    """
    WITH given AS (
      SELECT \(sql: first.local(key, timezone)) AS first, \(sql: covered(typeName)) AS covered,
        \(sql: until?.typed(key, timezone) ?? "NULL::\(sql: typeName)") AS until
    ), start AS (
      SELECT g.covered, g.until, \(sql: alignsFirst ? cut : "g.first") AS start FROM given g
    ), stretch AS (
      SELECT s.*, least(\(sql: units), \(limit)::bigint + 1) AS units
      FROM start s CROSS JOIN LATERAL (
        SELECT greatest(s.start, \(sql: KeyPoint.local("s.covered", key, timezone)),
          \(sql: KeyPoint.local("s.until", key, timezone))) AS horizon) AS h
    ), edges AS (
      SELECT DISTINCT ON (v.value) p.place, v.value, s.covered, s.until
      FROM stretch s
      CROSS JOIN LATERAL generate_series(-\(lookBack)::bigint, s.units + \(premake)::bigint) AS p(place)
      CROSS JOIN LATERAL (SELECT s.start + p.place * \(sql: unit) AS local) AS l
      CROSS JOIN LATERAL (SELECT \(sql: typed("l.local")) AS value) AS v
      ORDER BY v.value, p.place DESC
    ), needed AS (
      SELECT coalesce(min(e.place) FILTER (WHERE (e.covered IS NULL OR e.value > e.covered)
        AND (e.until IS NULL OR e.value >= e.until)), max(e.place)) AS place FROM edges e
    )
    SELECT \(sql: text("e.value")) AS edge, \(sql: label(KeyPoint.local("e.value", key, timezone))) AS label
    FROM edges e, needed n WHERE e.place BETWEEN 0 AND n.place + \(premake)::bigint
    ORDER BY e.value LIMIT \(limit)::bigint + 2
    """
  }

  /// The same for numbers; `-` and `+` are beyond what the type can hold.
  var numberQuery: SQL {
    let limits = key.kind.limits
    guard case .number(let width) = width else { return "SELECT NULL AS edge, NULL AS label WHERE false" }
    let start: SQL = alignsFirst ? "floor(g.first / \(width)::numeric) * \(width)::numeric" : "g.first"
    return """
      WITH given AS (
        SELECT \(sql: first.typed(key, timezone)) AS first, \(sql: covered("numeric")) AS covered,
          \(sql: until?.typed(key, timezone) ?? "NULL::numeric") AS until
      ), start AS (SELECT g.covered, g.until, \(sql: start) AS start FROM given g),
      edges AS (
        SELECT p.place, s.start + p.place * \(width)::numeric AS value, s.covered, s.until
        FROM start s CROSS JOIN LATERAL generate_series(-\(lookBack)::bigint,
          least(div(greatest(s.start, s.covered, s.until) - s.start, \(width)::numeric) + 2,
            \(limit)::numeric + 1)::bigint + \(premake)::bigint) AS p(place)
      ), needed AS (
        SELECT coalesce(min(e.place) FILTER (WHERE (e.covered IS NULL OR e.value > e.covered)
          AND (e.until IS NULL OR e.value >= e.until)), max(e.place)) AS place FROM edges e
      )
      SELECT CASE WHEN e.value < \(limits.lowerBound)::numeric THEN '-'
          WHEN e.value > \(limits.upperBound)::numeric THEN '+' ELSE e.value::text END AS edge,
        replace(e.value::text, '-', 'm') AS label
      FROM edges e, needed n WHERE e.place BETWEEN 0 AND n.place + \(premake)::bigint
      ORDER BY e.value LIMIT \(limit)::bigint + 2
      """
  }

  /// The key's type without a precision: edges are whole hours.
  private var typeName: SQL {
    switch key.kind {
    case .date: "date"
    case .timestamp: "timestamp"
    case .timestamptz: "timestamptz"
    default: "numeric"
    }
  }

  private func covered(_ type: SQL) -> SQL {
    let points = covering.map { $0.typed(key, timezone) }
    return points.isEmpty ? "NULL::\(sql: type)" : "greatest(\(sql: points.joined(separator: ", ")))"
  }

  func typed(_ local: SQL) -> SQL {
    switch key.kind {
    case .timestamptz: "\(sql: local) AT TIME ZONE \(timezone)"
    case .date: "\(sql: local)::date"
    default: local
    }
  }

  /// ISO, with an explicit offset where the type has a zone, so that no session's zone matters.
  func text(_ value: SQL) -> SQL {
    key.kind == .timestamptz
      ? "regexp_replace((\(sql: value) AT TIME ZONE 'UTC')::text, '( BC)?$', '+00\\1')" : "\(sql: value)::text"
  }

  func label(_ local: SQL) -> SQL {
    let pattern: String =
      switch width {
      case .months(let count): count % 12 == 0 ? "YYYY" : "YYYYMM"
      case .days, .number: "YYYYMMDD"
      case .hours: "YYYYMMDDHH24"
      }
    return """
      to_char(\(sql: local), \(pattern)) || CASE WHEN extract(year FROM \(sql: local)) < 0 THEN 'bc' ELSE '' END
      """
  }

  var unit: SQL {
    switch width {
    case .months(let count): "make_interval(months => \(sql: String(count)))"
    case .days(let count): "make_interval(days => \(sql: String(count)))"
    case .hours(let count): "make_interval(hours => \(sql: String(count)))"
    case .number: "interval '0'"
    }
  }

  /// How many units there are from `s.start` to `h.horizon`, or a few more.
  private var units: SQL {
    switch width {
    case .months(let count):
      """
      ((extract(year FROM h.horizon) - extract(year FROM s.start)) * 12
        + extract(month FROM h.horizon) - extract(month FROM s.start))::bigint / \(sql: String(count)) + 3
      """
    case .days(let count): "(h.horizon::date - s.start::date)::bigint / \(sql: String(count)) + 3"
    case .hours(let count): "(extract(epoch FROM h.horizon - s.start) / 3600)::bigint / \(sql: String(count)) + 3"
    case .number: "0"
    }
  }

  /// `g.first`, cut down to a whole unit.
  var cut: SQL {
    switch width {
    case .months(let count):
      """
      date_trunc('month', g.first)
        - mod(mod((extract(year FROM g.first) * 12 + extract(month FROM g.first))::bigint - 1, \(sql: String(count)))
          + \(sql: String(count)), \(sql: String(count))) * interval '1 month'
      """
    case .days(let count):
      """
      date_trunc('day', g.first)
        - mod(mod(g.first::date - date '2001-01-01', \(sql: String(count))) + \(sql: String(count)),
          \(sql: String(count))) * interval '1 day'
      """
    case .hours(let count):
      """
      date_trunc('day', g.first)
        + floor(extract(hour FROM g.first) / \(sql: String(count)))::int * \(sql: String(count)) * interval '1 hour'
      """
    case .number: "g.first"
    }
  }
}

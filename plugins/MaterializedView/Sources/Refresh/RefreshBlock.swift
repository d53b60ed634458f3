import PlanSchema
import PluginAPI

/// One refresh, as a block of PL/pgSQL: marks, rows, invariants and the record of it, all or nothing.
struct RefreshBlock {
  let target: RefreshTarget
  /// Milliseconds after which the statement is given up.
  let limit: Int64

  /// Our own limit comes before the engine's: a full refresh keeps readers waiting, so `maxStall` bounds it.
  init(_ target: RefreshTarget, maxStall: TimeSpan) {
    let own = target.timeout.milliseconds
    self.target = target
    limit = target.stallsReaders ? min(own, max(1, maxStall.milliseconds * 8 / 10)) : own
  }

  private var name: QualifiedName { target.name }
  private var key: String { MatviewRegister.key(name) }

  /// What fails is taken back, recorded and left behind, so that the next view has its turn. A cancellation from outside
  /// is none of its business.
  var tolerant: SQL {
    block(
      """
      BEGIN
        \(sql: work)
      EXCEPTION WHEN OTHERS OR query_canceled OR assert_failure THEN
        IF SQLSTATE IN ('57P01', '57P02', '57P03') OR SQLSTATE = '57014'
          AND clock_timestamp() - began < \(sql: String(limit * 95 / 100)) * interval '1 millisecond' THEN
          RAISE;
        END IF;
        INSERT INTO \(id: MatviewRegister.table) AS m (view, failed_at, failure)
        VALUES (\(literal: key), clock_timestamp(), SQLSTATE)
        ON CONFLICT (view) DO UPDATE SET failed_at = EXCLUDED.failed_at, failure = EXCLUDED.failure;
      END;
      """)
  }

  /// The same, and what goes wrong ends the step.
  var strict: SQL { block(work) }

  private func block(_ work: SQL) -> SQL {
    let text: SQL = """
      DECLARE
        began timestamptz := clock_timestamp();
        counted bigint;
        holds boolean;
      BEGIN
        \(sql: work)
      END
      """
    return "DO LANGUAGE plpgsql \(literal: text.text)"
  }

  private var work: SQL {
    let concurrently: SQL = target.isConcurrent ? "CONCURRENTLY " : ""
    return """
      \(sql: ViewQuery.serversCompilation);
      \(sql: ChangeMarks.consume(for: name));
      REFRESH MATERIALIZED VIEW \(sql: concurrently)\(id: name);
      \(sql: invariants)SELECT count(*) INTO counted FROM \(id: name);
      \(sql: record)
      """
  }

  /// Judged in the refresh's own transaction: what is broken takes the new rows back, and readers keep the old ones.
  private var invariants: SQL {
    (target.entry?.verify ?? []).enumerated().map { place, query -> SQL in
      let message = "invariant \(place + 1) of \(name) does not hold"
      return """
        EXECUTE \(literal: query) INTO holds;
        IF holds IS NOT TRUE THEN
          RAISE EXCEPTION USING ERRCODE = 'check_violation', MESSAGE = \(literal: message),
            HINT = 'the rows of before stay; compare the query of the view with its tables';
        END IF;

        """
    }.joined(separator: "")
  }

  private var record: SQL {
    """
    INSERT INTO \(id: MatviewRegister.table) AS m (view, as_of, refreshed_at, duration_ms, rows, refreshes)
    VALUES (\(literal: key), began, clock_timestamp(),
      (extract(epoch FROM clock_timestamp() - began) * 1000)::bigint, counted, 1)
    ON CONFLICT (view) DO UPDATE SET
      staleness_before_ms = (extract(epoch FROM EXCLUDED.refreshed_at - m.as_of) * 1000)::bigint, as_of = EXCLUDED.as_of,
      refreshed_at = EXCLUDED.refreshed_at, duration_ms = EXCLUDED.duration_ms, rows = EXCLUDED.rows,
      refreshes = m.refreshes + 1, failed_at = NULL, failure = NULL;
    """
  }
}

extension RefreshBlock {
  /// A refresh can be had again at any time: there is nothing to take back. Two steps never refresh a view at once.
  func operation(id: String, title: String, isTolerant: Bool = false, unless: SQL) -> Operation {
    .transaction(
      id: id, title: title, [TransactionStatement(isTolerant ? tolerant : strict)], unless: unless,
      // EXCLUSIVE keeps nobody waiting but another refresh: a materialized view is read or refreshed, nothing else.
      locks: target.stallsReaders ? [RelationLock(.accessExclusive, target.name)] : [],
      resources: [Resource("matview:\(target.name)")], settings: [Setting("statement_timeout", String(limit))],
      // Rows and invariants are of one moment: else what is written in between breaks an invariant that compares them.
      isolation: .repeatableRead, undo: .nothing)
  }
}

import PluginAPI

extension ConsentLedger {
  var definitions: [SQL] {
    [
      function(guardian, "", "trigger", guardBody),
      function(record, "subject \(type), purpose text, policy_version text, action text, evidence text, at timestamptz",
               "bigint", recordBody),
      function(grant, "subject \(type), purpose text, policy_version text, evidence text DEFAULT NULL,"
        + " at timestamptz DEFAULT NULL", "bigint", "BEGIN RETURN \(record.quoted)($1, $2, $3, 'grant', $4, $5); END"),
      function(withdraw, "subject \(type), purpose text, evidence text DEFAULT NULL, at timestamptz DEFAULT NULL", "bigint",
               withdrawBody),
      function(holds, "subject \(type), purpose text", "boolean", holdsBody, volatility: "STABLE "),
      function(forget, "subject \(type)", "bigint", forgetBody),
      function(gone, "", "trigger", goneBody),
    ] + functions.map { "REVOKE ALL ON FUNCTION \(id: $0.name)(\(sql: $0.arguments)) FROM PUBLIC" }
  }

  /// Whoever calls it needs no right on the tables.
  private func function(
    _ name: QualifiedName, _ arguments: String, _ result: String, _ body: String, volatility: String = ""
  ) -> SQL {
    """
    CREATE FUNCTION \(id: name)(\(sql: arguments)) RETURNS \(sql: result) LANGUAGE plpgsql \(sql: volatility)\
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS \(literal: body)
    """
  }

  /// An entry changes once: when nothing leads to its person any more it gets another token, so that what was kept
  /// elsewhere with the old one leads nowhere either.
  private var guardBody: String {
    """
    BEGIN
      IF TG_OP = 'UPDATE' AND TG_TABLE_NAME = \(Quoting.literal(entries.name)) THEN
        IF OLD.erased_at IS NULL AND NEW.erased_at IS NOT NULL
          AND ROW(NEW.id, NEW.purpose, NEW.policy_version, NEW.action, NEW.at, NEW.recorded_at, NEW.evidence)
            IS NOT DISTINCT FROM
            ROW(OLD.id, OLD.purpose, OLD.policy_version, OLD.action, OLD.at, OLD.recorded_at, OLD.evidence)
          AND NOT EXISTS (SELECT FROM \(subjects.quoted) s WHERE s.token IN (OLD.subject_token, NEW.subject_token))
        THEN
          RETURN NEW;
        END IF;
      END IF;
      RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'insufficient_privilege';
    END
    """
  }

  /// The person's row is held, so that nobody deletes it before the entry is there to be forgotten.
  private var recordBody: String {
    """
    DECLARE
      known \(subjects.quoted);
      entry bigint;
    BEGIN
      PERFORM FROM \(subject.quoted) p WHERE p.\(Quoting.identifier(key)) = $1 FOR KEY SHARE;
      IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no such subject' USING ERRCODE = 'foreign_key_violation';
      END IF;
      INSERT INTO \(subjects.quoted) (subject) VALUES ($1) ON CONFLICT DO NOTHING;
      SELECT * INTO STRICT known FROM \(subjects.quoted) s WHERE s.subject = $1 FOR SHARE;
      INSERT INTO \(entries.quoted) (subject_token, purpose, policy_version, action, at, evidence)
      VALUES (known.token, $2, $3, $4, coalesce($6, now()),
        CASE WHEN $5 IS NOT NULL THEN sha256(known.salt || convert_to($5, 'UTF8')) END)
      RETURNING id INTO entry;
      RETURN entry;
    END
    """
  }

  /// Of the text that was agreed to last.
  private var withdrawBody: String {
    """
    DECLARE
      version text;
    BEGIN
      SELECT e.policy_version INTO version FROM \(entries.quoted) e JOIN \(subjects.quoted) s ON s.token = e.subject_token
      WHERE s.subject = $1 AND e.purpose = $2 AND e.action = 'grant' ORDER BY e.at DESC, e.id DESC LIMIT 1;
      IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no consent to withdraw' USING ERRCODE = 'no_data_found';
      END IF;
      RETURN \(record.quoted)($1, $2, version, 'withdraw', $3, $4);
    END
    """
  }

  private var holdsBody: String {
    """
    BEGIN
      RETURN coalesce((SELECT e.action = 'grant'
        FROM \(entries.quoted) e JOIN \(subjects.quoted) s ON s.token = e.subject_token
        WHERE s.subject = $1 AND e.purpose = $2 ORDER BY e.at DESC, e.id DESC LIMIT 1), false);
    END
    """
  }

  private var forgetBody: String {
    """
    DECLARE
      former uuid;
      fresh uuid := gen_random_uuid();
      changed bigint;
    BEGIN
      DELETE FROM \(subjects.quoted) s WHERE s.subject = $1 RETURNING s.token INTO former;
      UPDATE \(entries.quoted) e SET subject_token = fresh, erased_at = now() WHERE e.subject_token = former;
      GET DIAGNOSTICS changed = ROW_COUNT;
      RETURN changed;
    END
    """
  }

  private var goneBody: String {
    """
    BEGIN
      IF TG_OP = 'TRUNCATE' THEN
        PERFORM \(forget.quoted)(s.subject) FROM \(subjects.quoted) s;
      ELSE
        PERFORM \(forget.quoted)(OLD.\(Quoting.identifier(key)));
      END IF;
      RETURN NULL;
    END
    """
  }
}

package import JSONText
package import SQLText

extension JournalSQL {
  /// What a run of this target has proven, and the event of it; signatures as Base64. Row: `evidence_id`. No row: it was
  /// written before.
  package static func writeEvidence(_ body: JSON, signer: String?, signature: String?, actor: String) -> SQL {
    """
    WITH b AS (SELECT \(body)::jsonb AS body),
    e AS (
      INSERT INTO caisson.evidence (evidence_id, run_id, release_hash, environment, target, system_id, verified_at, body,
        signer, signature)
      SELECT (body ->> 'id')::uuid, (body ->> 'run')::uuid, decode(body ->> 'release_hash', 'hex'), body ->> 'environment',
        body ->> 'target', body -> 'identity' ->> 'system_id', clock_timestamp(), body, \(optional: signer)::text,
        decode(\(optional: signature)::text, 'base64')
      FROM b ON CONFLICT DO NOTHING RETURNING evidence_id, run_id, signer),
    v AS (
      INSERT INTO caisson.event (run_id, kind, actor, data)
      SELECT e.run_id, 'evidence.written', \(actor),
        jsonb_strip_nulls(jsonb_build_object('evidence', e.evidence_id, 'signer', e.signer)) FROM e)
    SELECT evidence_id FROM e
    """
  }

  /// Evidence of another target that lets a run of this one begin: a copy of it, and the event with what was said
  /// about it. Row: `evidence_id`. No row: it was accepted for that run before.
  package static func acceptEvidence(
    _ body: JSON, signer: String?, signature: String?, run: String, notes: [String], actor: String
  ) -> SQL {
    """
    WITH b AS (SELECT \(body)::jsonb AS body),
    e AS (
      INSERT INTO caisson.evidence (evidence_id, admits, run_id, release_hash, environment, target, system_id,
        verified_at, body, signer, signature)
      SELECT (body ->> 'id')::uuid, \(run)::uuid, (body ->> 'run')::uuid, decode(body ->> 'release_hash', 'hex'),
        body ->> 'environment', body ->> 'target', body -> 'identity' ->> 'system_id', clock_timestamp(), body,
        \(optional: signer)::text, decode(\(optional: signature)::text, 'base64')
      FROM b ON CONFLICT DO NOTHING RETURNING evidence_id, admits, run_id, environment, target, signer),
    v AS (
      INSERT INTO caisson.event (run_id, kind, actor, data)
      SELECT e.admits, 'evidence.accepted', \(actor), jsonb_strip_nulls(jsonb_build_object('evidence', e.evidence_id,
        'environment', e.environment, 'target', e.target, 'run', e.run_id, 'signer', e.signer,
        'notes', \(JSON.array(notes.map(JSON.string)))::jsonb)) FROM e)
    SELECT evidence_id FROM e
    """
  }
}

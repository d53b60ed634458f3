SELECT * FROM (
  SELECT m::date AS month,
    (SELECT count(*) FROM comprehensive_audit_logs l WHERE l.organization_id = :key
      AND l.occurred_at >= m AND l.occurred_at < m + interval '1 month') AS entries,
    (SELECT count(*) FROM comprehensive_audit_logs l WHERE l.organization_id = :key
      AND l.occurred_at >= m AND l.occurred_at < m + interval '1 month' AND l.event_category = 'security') AS security,
    (SELECT count(*) FROM comprehensive_audit_logs l WHERE l.organization_id = :key
      AND l.occurred_at >= m AND l.occurred_at < m + interval '1 month' AND l.risk_level >= 3) AS high_risk
  FROM generate_series(date_trunc('month', (SELECT min(occurred_at) FROM comprehensive_audit_logs)),
    (SELECT max(occurred_at) FROM comprehensive_audit_logs), '1 month') AS m
) months
WHERE entries > 0
ORDER BY month

SELECT date_trunc('month', occurred_at)::date AS month, count(*) AS entries,
  count(*) FILTER (WHERE event_category = 'security') AS security, count(*) FILTER (WHERE risk_level >= 3) AS high_risk
FROM comprehensive_audit_logs
WHERE organization_id = :key
GROUP BY 1
ORDER BY 1

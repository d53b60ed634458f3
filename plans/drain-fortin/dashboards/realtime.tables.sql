SELECT count(*) FILTER (WHERE created_at > now() - interval '1 hour') AS calls_last_hour,
  count(*) FILTER (WHERE status = 'in-progress') AS calls_in_progress, count(*) AS calls_last_day,
  percentile_cont(0.95) WITHIN GROUP (ORDER BY duration) AS duration_p95
FROM vapi_calls
WHERE created_at > now() - interval '24 hours'

-- As recommended, with what it takes to run: `now() - '1 hour'` is an error. Calls that somebody forgot to end years ago
-- are in progress, and the percentile is that of all time.
SELECT count(*) FILTER (WHERE created_at > now() - interval '1 hour') AS calls_last_hour,
  count(*) FILTER (WHERE status = 'in-progress') AS calls_in_progress,
  count(*) FILTER (WHERE created_at > now() - interval '24 hours') AS calls_last_day,
  percentile_cont(0.95) WITHIN GROUP (ORDER BY duration) AS duration_p95
FROM vapi_calls

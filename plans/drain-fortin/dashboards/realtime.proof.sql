SELECT (SELECT count(*) FROM vapi_calls WHERE age(now(), created_at) < interval '1 hour') AS calls_last_hour,
  (SELECT count(*) FROM vapi_calls WHERE status = 'in-progress' AND created_at + interval '24 hours' > now()) AS calls_in_progress,
  (SELECT count(*) FROM vapi_calls WHERE created_at + interval '24 hours' > now()) AS calls_last_day,
  (SELECT percentile_cont(0.95) WITHIN GROUP (ORDER BY duration) FROM vapi_calls WHERE created_at + interval '24 hours' > now()) AS duration_p95

SELECT d AS day,
  (SELECT count(*) FROM vapi_calls c WHERE c.created_at >= d AND c.created_at < d + interval '1 day') AS calls,
  (SELECT count(*) FROM vapi_calls c WHERE c.created_at >= d AND c.created_at < d + interval '1 day' AND c.status = 'completed') AS completed,
  (SELECT round(avg(c.duration), 2) FROM vapi_calls c WHERE c.created_at >= d AND c.created_at < d + interval '1 day') AS avg_duration
FROM generate_series(date_trunc('day', now(), 'UTC') - interval '29 days', now(), '1 day') AS d
WHERE EXISTS (SELECT FROM vapi_calls c WHERE c.created_at >= d AND c.created_at < d + interval '1 day')
ORDER BY d

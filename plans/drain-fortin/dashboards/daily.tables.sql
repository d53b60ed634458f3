SELECT date_trunc('day', created_at) AS day, count(*) AS calls, count(*) FILTER (WHERE status = 'completed') AS completed,
  round(avg(duration), 2) AS avg_duration
FROM vapi_calls
WHERE created_at > now() - interval '30 days'
GROUP BY 1
ORDER BY 1

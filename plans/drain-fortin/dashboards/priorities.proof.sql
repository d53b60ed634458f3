SELECT p.priority, p.n, round(100.0 * p.n / (SELECT count(*) FROM vapi_calls), 2) AS pct
FROM (
  SELECT v.priority, (SELECT count(*) FROM vapi_calls c WHERE c.priority IS NOT DISTINCT FROM v.priority) AS n
  FROM (VALUES ('P1'::varchar(4)), ('P2'), ('P3'), ('P4'), (NULL)) AS v (priority)
) p
WHERE p.n > 0
ORDER BY p.priority

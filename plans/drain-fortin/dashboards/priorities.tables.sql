SELECT priority, count(*) AS n, round(100.0 * count(*) / sum(count(*)) OVER (), 2) AS pct
FROM vapi_calls
GROUP BY priority
ORDER BY priority

SELECT extract(year FROM month)::int AS year, sum(amount) AS amount
FROM mv_financial_analytics
WHERE organization_id = :key
GROUP BY 1
ORDER BY 1

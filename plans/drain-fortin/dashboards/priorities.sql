SELECT priority, n, pct
FROM priority_distribution
ORDER BY priority

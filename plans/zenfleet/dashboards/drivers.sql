SELECT organization_id, driver_id, assignments, hours, active_sanctions, score
FROM mv_driver_stats
ORDER BY score, hours DESC, driver_id
LIMIT 50

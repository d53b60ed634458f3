-- As recommended (004): every assignment once for each sanction, and deleted and cancelled ones as well.
SELECT d.organization_id, d.id AS driver_id, count(a.id) AS assignments, coalesce(sum(a.duration_hours), 0) AS hours,
  count(s.id) AS active_sanctions, greatest(0, 100 - 10 * count(s.id)) AS score
FROM drivers d
LEFT JOIN assignments a ON a.driver_id = d.id
LEFT JOIN driver_sanctions s ON s.driver_id = d.id AND s.status = 'active'
WHERE d.deleted_at IS NULL
GROUP BY d.organization_id, d.id
ORDER BY score, hours DESC, driver_id
LIMIT 50

-- As recommended (004): a row for every pair of an assignment and a maintenance operation, counted as vehicles.
SELECT v.organization_id, count(*) AS total_vehicles, count(*) FILTER (WHERE a.id IS NOT NULL) AS assigned_vehicles,
  count(m.id) AS completed_maintenance, sum(m.total_cost) AS maintenance_cost
FROM vehicles v
LEFT JOIN assignments a ON a.vehicle_id = v.id AND a.end_datetime IS NULL
LEFT JOIN maintenance_operations m ON m.vehicle_id = v.id AND m.status = 'completed'
WHERE v.deleted_at IS NULL
GROUP BY v.organization_id
ORDER BY v.organization_id

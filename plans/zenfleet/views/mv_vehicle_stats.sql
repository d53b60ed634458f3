-- One row per organisation. Every source is brought to one row per organisation by itself and joined afterwards: a vehicle
-- with seven maintenance operations is one vehicle.
SELECT
  o.id AS organization_id,
  coalesce(v.total_vehicles, 0) AS total_vehicles,
  coalesce(v.available_vehicles, 0) AS available_vehicles,
  coalesce(v.in_maintenance, 0) AS in_maintenance,
  coalesce(v.out_of_service, 0) AS out_of_service,
  coalesce(v.archived_vehicles, 0) AS archived_vehicles,
  coalesce(a.assigned_vehicles, 0) AS assigned_vehicles,
  coalesce(m.completed_maintenance, 0) AS completed_maintenance,
  coalesce(m.planned_maintenance, 0) AS planned_maintenance,
  coalesce(m.maintenance_cost, 0) AS maintenance_cost
FROM organizations o
LEFT JOIN (
  SELECT
    organization_id,
    count(*) AS total_vehicles,
    count(*) FILTER (WHERE status_id = 1 AND NOT is_archived) AS available_vehicles,
    count(*) FILTER (WHERE status_id = 2 AND NOT is_archived) AS in_maintenance,
    count(*) FILTER (WHERE status_id = 4 AND NOT is_archived) AS out_of_service,
    count(*) FILTER (WHERE is_archived) AS archived_vehicles
  FROM vehicles
  WHERE deleted_at IS NULL
  GROUP BY organization_id
) v ON v.organization_id = o.id
LEFT JOIN (
  -- Deleted and cancelled assignments hold no vehicle.
  SELECT organization_id, count(DISTINCT vehicle_id) AS assigned_vehicles
  FROM assignments
  WHERE end_datetime IS NULL AND status = 'active' AND deleted_at IS NULL
    AND vehicle_id IN (SELECT id FROM vehicles WHERE deleted_at IS NULL)
  GROUP BY organization_id
) a ON a.organization_id = o.id
LEFT JOIN (
  SELECT
    organization_id,
    count(*) FILTER (WHERE status = 'completed') AS completed_maintenance,
    count(*) FILTER (WHERE status = 'planned') AS planned_maintenance,
    coalesce(sum(total_cost) FILTER (WHERE status = 'completed'), 0) AS maintenance_cost
  FROM maintenance_operations
  WHERE vehicle_id IN (SELECT id FROM vehicles WHERE deleted_at IS NULL)
  GROUP BY organization_id
) m ON m.organization_id = o.id

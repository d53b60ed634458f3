-- Question by question, nothing joined: what the view has to agree with.
SELECT o.id AS organization_id,
  (SELECT count(*) FROM vehicles v WHERE v.organization_id = o.id AND v.deleted_at IS NULL) AS total_vehicles,
  (SELECT count(*) FROM vehicles v WHERE v.organization_id = o.id AND v.deleted_at IS NULL
    AND EXISTS (SELECT FROM assignments a WHERE a.vehicle_id = v.id AND a.organization_id = v.organization_id
      AND a.end_datetime IS NULL AND a.status = 'active' AND a.deleted_at IS NULL)) AS assigned_vehicles,
  (SELECT count(*) FROM maintenance_operations m WHERE m.status = 'completed' AND m.organization_id = o.id
    AND EXISTS (SELECT FROM vehicles v WHERE v.id = m.vehicle_id AND v.deleted_at IS NULL)) AS completed_maintenance,
  (SELECT coalesce(sum(m.total_cost), 0) FROM maintenance_operations m WHERE m.status = 'completed' AND m.organization_id = o.id
    AND EXISTS (SELECT FROM vehicles v WHERE v.id = m.vehicle_id AND v.deleted_at IS NULL)) AS maintenance_cost
FROM organizations o
ORDER BY o.id

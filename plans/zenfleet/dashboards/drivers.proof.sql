SELECT t.*, greatest(0, 100 - 10 * t.active_sanctions - 5 * (SELECT count(*) FROM assignments a
  WHERE a.driver_id = t.driver_id AND a.deleted_at IS NULL AND a.status = 'cancelled')) AS score
FROM (
  SELECT d.organization_id, d.id AS driver_id,
    (SELECT count(*) FROM assignments a WHERE a.driver_id = d.id AND a.deleted_at IS NULL AND a.status <> 'cancelled') AS assignments,
    (SELECT coalesce(sum(a.duration_hours), 0) FROM assignments a
      WHERE a.driver_id = d.id AND a.deleted_at IS NULL AND a.status = 'completed') AS hours,
    (SELECT count(*) FROM driver_sanctions s WHERE s.driver_id = d.id AND s.status = 'active') AS active_sanctions
  FROM drivers d
  WHERE d.deleted_at IS NULL
) t
ORDER BY score, hours DESC, driver_id
LIMIT 50

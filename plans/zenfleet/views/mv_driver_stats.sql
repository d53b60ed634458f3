-- One row per driver. What depends on today (is the licence valid, how long ago was the last sanction) is not in here: it
-- would be as of the last refresh. The dates are, and the view driver_stats compares them with today when it is read.
SELECT
  d.organization_id,
  d.id AS driver_id,
  d.status_id,
  d.license_expiry_date AS licence_valid_until,
  coalesce(a.assignments, 0) AS assignments,
  coalesce(a.ongoing_assignments, 0) AS ongoing_assignments,
  coalesce(a.cancelled_assignments, 0) AS cancelled_assignments,
  coalesce(a.hours, 0) AS hours,
  a.last_assignment_at,
  coalesce(s.active_sanctions, 0) AS active_sanctions,
  s.last_sanction_date,
  greatest(0, 100 - 10 * coalesce(s.active_sanctions, 0) - 5 * coalesce(a.cancelled_assignments, 0)) AS score
FROM drivers d
LEFT JOIN (
  SELECT
    driver_id,
    count(*) FILTER (WHERE status <> 'cancelled') AS assignments,
    count(*) FILTER (WHERE status = 'active' AND end_datetime IS NULL) AS ongoing_assignments,
    count(*) FILTER (WHERE status = 'cancelled') AS cancelled_assignments,
    coalesce(sum(duration_hours) FILTER (WHERE status = 'completed'), 0) AS hours,
    max(start_datetime) FILTER (WHERE status <> 'cancelled') AS last_assignment_at
  FROM assignments
  WHERE deleted_at IS NULL
  GROUP BY driver_id
) a ON a.driver_id = d.id
LEFT JOIN (
  SELECT
    driver_id,
    count(*) FILTER (WHERE status = 'active') AS active_sanctions,
    max(sanction_date) AS last_sanction_date
  FROM driver_sanctions
  GROUP BY driver_id
) s ON s.driver_id = d.id
WHERE d.deleted_at IS NULL

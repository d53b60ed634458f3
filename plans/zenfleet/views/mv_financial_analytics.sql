-- What an organisation spent, by month and category. The key has no NULL in it: rows with one are told apart by no index,
-- so a concurrent refresh would replace all of them every time.
SELECT
  organization_id,
  -- By way of a timestamp without zone: date_trunc of a date takes the session's time zone.
  date_trunc('month', spent_on::timestamp)::date AS month,
  category,
  count(*) AS entries,
  sum(amount) AS amount
FROM (
  SELECT organization_id, expense_date AS spent_on, coalesce(expense_type, 'unspecified') AS category, amount
  FROM vehicle_expenses
  WHERE deleted_at IS NULL
  UNION ALL
  SELECT organization_id, coalesce(completed_date, scheduled_date), 'maintenance', coalesce(total_cost, 0)
  FROM maintenance_operations
  WHERE status = 'completed'
) spent
GROUP BY organization_id, date_trunc('month', spent_on::timestamp)::date, category

SELECT * FROM (
  SELECT year,
    (SELECT coalesce(sum(e.amount), 0) FROM vehicle_expenses e WHERE e.organization_id = :key AND e.deleted_at IS NULL
      AND e.expense_date >= make_date(year, 1, 1) AND e.expense_date < make_date(year + 1, 1, 1))
    + (SELECT coalesce(sum(m.total_cost), 0) FROM maintenance_operations m WHERE m.organization_id = :key AND m.status = 'completed'
      AND m.completed_date >= make_date(year, 1, 1) AND m.completed_date < make_date(year + 1, 1, 1)) AS amount
  FROM generate_series(2000, 2100) AS year
) years
WHERE amount > 0
ORDER BY year

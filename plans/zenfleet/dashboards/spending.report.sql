-- Expenses and maintenance joined by vehicle: each expense once for every operation of the year, and the other way round;
-- deleted expenses are in it, and a year without maintenance is NULL instead of what it cost.
SELECT extract(year FROM e.expense_date)::int AS year, sum(e.amount) + sum(m.total_cost) AS amount
FROM vehicle_expenses e
LEFT JOIN maintenance_operations m ON m.vehicle_id = e.vehicle_id AND m.status = 'completed'
  AND extract(year FROM m.completed_date) = extract(year FROM e.expense_date)
WHERE e.organization_id = :key
GROUP BY 1
ORDER BY 1

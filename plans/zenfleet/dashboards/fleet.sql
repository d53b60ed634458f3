SELECT organization_id, total_vehicles, assigned_vehicles, completed_maintenance, maintenance_cost
FROM mv_vehicle_stats
ORDER BY organization_id

SELECT calls_last_hour, calls_in_progress, calls_last_day, duration_p95
FROM realtime_metrics

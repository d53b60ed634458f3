SELECT day, calls, completed, round(avg_duration, 2) AS avg_duration
FROM daily_call_summary
ORDER BY day

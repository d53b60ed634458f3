SELECT month, entries, security, high_risk
FROM audit_months
WHERE organization_id = :key
ORDER BY month

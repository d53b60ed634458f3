-- What the application runs, as far as it concerns sessions: `caisson plan` says which of it a transaction pool breaks.
BEGIN;
SELECT pg_advisory_xact_lock(hashtext('assignment:' || 42));
SET LOCAL app.organization_id = '7';
COMMIT;
NOTIFY vehicle_positions;

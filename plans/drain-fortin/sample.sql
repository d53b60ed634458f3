-- Drain Fortin: a call centre with voice assistants on Supabase, as it was before its dashboards were looked into. Stubs of
-- Supabase's roles and auth schema are included, so the file stands alone.
-- Load:   psql -d drainfortin -v ON_ERROR_STOP=1 -v scale=1 -f sample.sql
-- scale:  multiplier, from 0.05; scale=1 = 100k calls, 150k call logs, 30k leads, 30k appointments, 200k analytics.
-- anchor: "today" of the data set (default 2025-01-10; pass -v anchor="$(date +%F)" for live data: calls of the last hours
--         are added then).
\if :{?scale}
\else
\set scale 1
\endif
\if :{?anchor}
\else
\set anchor 2025-01-10
\endif
\set ON_ERROR_STOP 1
SET client_min_messages = warning;
SET timezone = 'UTC';
BEGIN;
DO $$ BEGIN CREATE ROLE anon; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;
DO $$ BEGIN CREATE ROLE authenticated; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;
DO $$ BEGIN CREATE ROLE service_role BYPASSRLS; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;
CREATE SCHEMA IF NOT EXISTS auth;
CREATE FUNCTION auth.role() RETURNS text LANGUAGE sql STABLE AS $$ SELECT COALESCE(nullif(current_setting('request.jwt.claim.role', true),''),'anon') $$;
GRANT USAGE ON SCHEMA auth TO anon, authenticated, service_role;
CREATE TABLE vapi_calls (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), call_id varchar(80) NOT NULL UNIQUE, phone_number varchar(20), customer_name varchar(200), status varchar(20) NOT NULL DEFAULT 'queued' CHECK (status IN ('queued','in-progress','completed','failed')),
  priority varchar(4) CHECK (priority IN ('P1','P2','P3','P4')), duration integer CHECK (duration >= 0), cost numeric(8,4), summary text, metadata jsonb NOT NULL DEFAULT '{}', started_at timestamptz, ended_at timestamptz, created_at timestamptz NOT NULL DEFAULT now(), updated_at timestamptz);
CREATE TABLE call_logs (id bigserial PRIMARY KEY, call_id varchar(80) REFERENCES vapi_calls(call_id) ON DELETE CASCADE, level varchar(10), transcript jsonb, message text, created_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE leads (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), call_id varchar(80) REFERENCES vapi_calls(call_id), name varchar(200), phone varchar(20), email varchar(255), status varchar(20) NOT NULL DEFAULT 'new', score int CHECK (score BETWEEN 0 AND 100), notes text, created_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE appointments (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), customer_name varchar(200), customer_phone varchar(20) NOT NULL, preferred_date date NOT NULL, slot tstzrange, status varchar(20) NOT NULL DEFAULT 'pending', service varchar(40), created_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE analytics (id bigserial PRIMARY KEY, metric varchar(60) NOT NULL, value numeric NOT NULL, dims jsonb, created_at timestamptz NOT NULL);
CREATE TABLE sms_logs (id bigserial PRIMARY KEY, call_id varchar(80), "to" varchar(20), body text, sent_at timestamptz);
CREATE TABLE pricing (id serial PRIMARY KEY, service varchar(40) UNIQUE, base_price numeric(10,2));
CREATE TABLE tool_calls (id bigserial PRIMARY KEY, call_id varchar(80) REFERENCES vapi_calls(call_id), tool varchar(60), args jsonb, at timestamptz);
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.updated_at := now(); RETURN NEW; END $$;
CREATE VIEW daily_call_summary AS SELECT date_trunc('day', created_at) AS day, count(*) AS calls, avg(duration) AS avg_duration, count(*) FILTER (WHERE status='completed') AS completed FROM vapi_calls WHERE created_at > now() - interval '30 days' GROUP BY 1;
CREATE VIEW priority_distribution AS SELECT priority, count(*) AS n, round(100.0*count(*)/sum(count(*)) OVER (), 2) AS pct FROM vapi_calls GROUP BY priority;
SELECT setseed(0.42);
INSERT INTO pricing (service,base_price) SELECT 'service'||g, 100+g FROM generate_series(1,12) g;
-- phone is Zipf-like: one number has 5 % of the rows. Insert order is time order, so BRIN correlates; analytics is deliberately 10 % late-arriving.
INSERT INTO vapi_calls (call_id,phone_number,customer_name,status,priority,duration,cost,summary,metadata,started_at,ended_at,created_at)
SELECT 'call_'||g, CASE WHEN g%20=0 THEN '+15145550000' ELSE '+1514'||lpad(((g*7919)%(9000*:scale)::int)::text,7,'0') END, 'Client '||g%5000, CASE WHEN g%97=0 THEN 'failed' WHEN g>(99990*:scale)::int THEN 'in-progress' ELSE 'completed' END, 'P'||(1+g%4), CASE WHEN g%97=0 THEN NULL ELSE (30+random()*600)::int END, round((random())::numeric,4), 'drain bouché', jsonb_build_object('agent','paul','lang','fr-CA'), t.at, t.at+interval '4 min', t.at
FROM generate_series(1,(100000*:scale)::int) g, LATERAL (SELECT :'anchor'::timestamptz - interval '400 days' + (g::float8/(100000*:scale)::int)*interval '400 days' AS at) t;
-- Calls that are going on.
INSERT INTO vapi_calls (call_id,phone_number,status,priority,duration,cost,started_at,created_at)
SELECT 'live_'||g, '+15145551111', CASE WHEN g<6 THEN 'in-progress' ELSE 'completed' END, CASE WHEN g%9<>0 THEN 'P'||(1+g%4) END, CASE WHEN g>=6 THEN 40+g*13%500 END, 0.1, t.at, t.at
FROM generate_series(1,240) g, LATERAL (SELECT now() - g*interval '1 minute' AS at) t WHERE :'anchor'::date = current_date;
INSERT INTO call_logs (call_id,level,transcript,message,created_at) SELECT 'call_'||(1+(g*2)%(100000*:scale)::int), 'info', jsonb_build_array(jsonb_build_object('role','assistant','text','Bonjour, Drain Fortin'), jsonb_build_object('role','user','text','fuite n°'||g)), 'turn '||g, :'anchor'::timestamptz - interval '400 days' + (g::float8/(150000*:scale)::int)*interval '400 days' FROM generate_series(1,(150000*:scale)::int) g;
INSERT INTO leads (call_id,name,phone,email,status,score,created_at) SELECT 'call_'||(1+g*3), 'Lead '||g, '+1514'||lpad((g%9000)::text,7,'0'), 'lead'||g||'@exemple.ca', (ARRAY['new','contacted','converted','lost'])[1+g%4], g%101, :'anchor'::timestamptz - random()*interval '400 days' FROM generate_series(1,(30000*:scale)::int) g;
INSERT INTO appointments (customer_name,customer_phone,preferred_date,slot,status,service,created_at) SELECT 'Client '||g%5000, '+1514'||lpad((g%9000)::text,7,'0'), :'anchor'::date - 300 + g%330, NULL, CASE WHEN g%330>300 THEN 'pending' ELSE 'done' END, 'service'||(1+g%12), :'anchor'::timestamptz - random()*interval '300 days' FROM generate_series(1,(30000*:scale)::int) g;
INSERT INTO analytics (metric,value,dims,created_at) SELECT 'm'||g%40, random()*100, jsonb_build_object('r',g%7), :'anchor'::timestamptz - interval '400 days' + (g::float8/(200000*:scale)::int)*interval '400 days' - CASE WHEN g%10=0 THEN random()*interval '200 days' ELSE interval '0' END FROM generate_series(1,(200000*:scale)::int) g;
INSERT INTO sms_logs (call_id,"to",body,sent_at) SELECT 'call_'||g, '+15145550000','Alerte P1', :'anchor' FROM generate_series(1,(5000*:scale)::int) g;
INSERT INTO tool_calls (call_id,tool,args,at) SELECT 'call_'||(1+g%(100000*:scale)::int),'validateRequest','{}', :'anchor' FROM generate_series(1,(50000*:scale)::int) g;
CREATE TRIGGER vapi_touch BEFORE UPDATE ON vapi_calls FOR EACH ROW EXECUTE FUNCTION touch();
ALTER TABLE vapi_calls ENABLE ROW LEVEL SECURITY; CREATE POLICY svc ON vapi_calls USING (auth.role() = 'service_role');
ALTER TABLE leads ENABLE ROW LEVEL SECURITY;      CREATE POLICY svc ON leads USING (auth.role() = 'service_role');
ALTER TABLE call_logs ENABLE ROW LEVEL SECURITY;  CREATE POLICY svc ON call_logs USING (auth.role() = 'service_role');
GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA public TO authenticated, service_role;
-- Dead rows, and a setting that somebody forgot.
ALTER TABLE vapi_calls SET (autovacuum_enabled = off);
UPDATE vapi_calls SET summary = summary || '.' WHERE id IN (SELECT id FROM vapi_calls ORDER BY call_id LIMIT (18000*:scale)::int);
COMMIT;
ANALYZE;

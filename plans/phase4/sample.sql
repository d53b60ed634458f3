-- Phase 4: an online shop on Supabase as it was before its largest tables were partitioned. A stub of Supabase's auth schema
-- is included, so the file stands alone.
-- Load:   psql -d phase4 -v ON_ERROR_STOP=1 -v scale=1 -f sample.sql
-- scale:  multiplier, from 0.05; scale=1 = 80k orders, 160k items, 120k downloads, 160k transaction logs.
-- anchor: "today" of the data set (default 2025-01-28; pass -v anchor="$(date +%F)" for live data).
\if :{?scale}
\else
\set scale 1
\endif
\if :{?anchor}
\else
\set anchor 2025-01-28
\endif
\set ON_ERROR_STOP 1
SET client_min_messages = warning;
SET timezone = 'UTC';
BEGIN;
-- Another sample may be loaded at the same time: roles belong to the whole server.
DO $$ BEGIN CREATE ROLE anon; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;
DO $$ BEGIN CREATE ROLE authenticated; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;
DO $$ BEGIN CREATE ROLE service_role BYPASSRLS; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;
CREATE SCHEMA IF NOT EXISTS auth;
CREATE TABLE auth.users (id uuid PRIMARY KEY, email text UNIQUE, raw_user_meta_data jsonb, created_at timestamptz NOT NULL DEFAULT now());
CREATE FUNCTION auth.uid() RETURNS uuid LANGUAGE sql STABLE AS $$ SELECT nullif(current_setting('request.jwt.claim.sub', true),'')::uuid $$;
CREATE FUNCTION auth.role() RETURNS text LANGUAGE sql STABLE AS $$ SELECT COALESCE(nullif(current_setting('request.jwt.claim.role', true),''),'anon') $$;
GRANT USAGE ON SCHEMA auth TO anon, authenticated, service_role;
CREATE TYPE order_status AS ENUM ('pending','processing','completed','cancelled','refunded');
CREATE TABLE stores   (id uuid PRIMARY KEY, name text NOT NULL, owner_id uuid REFERENCES auth.users(id));
CREATE TABLE products (id uuid PRIMARY KEY, store_id uuid NOT NULL REFERENCES stores(id) ON DELETE CASCADE, title text NOT NULL, price numeric(10,2) NOT NULL, is_digital boolean NOT NULL DEFAULT false);
CREATE TABLE customers(id uuid PRIMARY KEY, store_id uuid NOT NULL REFERENCES stores(id), user_id uuid REFERENCES auth.users(id) ON DELETE SET NULL, email text NOT NULL, full_name text, phone text, UNIQUE (store_id, email));
CREATE TABLE orders (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(), order_number text NOT NULL UNIQUE,                    -- two unique keys WITHOUT created_at: what partitioning breaks
  payment_intent_id text UNIQUE, store_id uuid NOT NULL REFERENCES stores(id) ON DELETE CASCADE, customer_id uuid REFERENCES customers(id) ON DELETE SET NULL,
  status order_status NOT NULL DEFAULT 'pending', total_amount numeric(12,2) NOT NULL CHECK (total_amount >= 0), currency char(3) NOT NULL DEFAULT 'XOF', metadata jsonb NOT NULL DEFAULT '{}', shipping_address jsonb,
  created_at timestamptz DEFAULT now(), updated_at timestamptz DEFAULT now());                          -- created_at is NULLABLE (Supabase habit) and 0.1 % of rows are NULL
CREATE INDEX idx_orders_store_created ON orders (store_id, created_at DESC);
CREATE INDEX idx_orders_customer ON orders (customer_id);
CREATE TABLE order_items (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), order_id uuid NOT NULL REFERENCES orders(id) ON DELETE CASCADE, product_id uuid REFERENCES products(id), quantity int NOT NULL CHECK (quantity > 0), unit_price numeric(10,2) NOT NULL);
CREATE INDEX ON order_items (order_id);
CREATE TABLE payments (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), order_id uuid REFERENCES orders(id) ON DELETE SET NULL, provider text NOT NULL, amount numeric(12,2) NOT NULL);
CREATE TABLE digital_product_downloads (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), product_id uuid NOT NULL REFERENCES products(id), customer_id uuid REFERENCES customers(id), order_id uuid REFERENCES orders(id), download_date timestamptz NOT NULL DEFAULT now(), ip_address inet, success boolean NOT NULL DEFAULT true);
CREATE TABLE transaction_logs (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, transaction_id uuid NOT NULL, event_type text NOT NULL, status text, request_data jsonb, response_data jsonb, created_at timestamptz NOT NULL DEFAULT now());
CREATE INDEX idx_tl_tx ON transaction_logs (transaction_id);
CREATE FUNCTION set_updated_at() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.updated_at := now(); RETURN NEW; END $$;
CREATE FUNCTION gen_order_number() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.order_number IS NULL THEN NEW.order_number := 'ORD-'||replace(gen_random_uuid()::text,'-',''); END IF; RETURN NEW; END $$;
CREATE VIEW v_store_revenue AS SELECT store_id, date_trunc('month', created_at) AS month, sum(total_amount) AS revenue FROM orders WHERE status='completed' GROUP BY 1,2;
SELECT setseed(0.42);
INSERT INTO auth.users SELECT md5('u'||g)::uuid, 'u'||g||'@shop.ci', jsonb_build_object('full_name','Aya Koné '||g) FROM generate_series(1,(5000*:scale)::int) g;
INSERT INTO stores SELECT md5('s'||g)::uuid, 'Boutique '||g, md5('u'||g)::uuid FROM generate_series(1,(40*:scale)::int) g;
INSERT INTO products SELECT md5('p'||g)::uuid, md5('s'||(1+g%((40*:scale)::int)))::uuid, 'Produit '||g, 5+g%100, g%2=0 FROM generate_series(1,(800*:scale)::int) g;
INSERT INTO customers SELECT md5('c'||g)::uuid, md5('s'||(1+g%((40*:scale)::int)))::uuid, CASE WHEN g<=(5000*:scale)::int THEN md5('u'||g)::uuid END, 'client'||g||'@mail.ci', 'Client É'||g, '+225'||(1000000+g) FROM generate_series(1,(10000*:scale)::int) g;
INSERT INTO orders (id,order_number,payment_intent_id,store_id,customer_id,status,total_amount,metadata,created_at,updated_at)
SELECT md5('o'||g)::uuid, 'ORD-'||lpad(g::text,9,'0'), CASE WHEN g%3<>0 THEN 'pi_'||g END, md5('s'||(1+g%((40*:scale)::int)))::uuid, md5('c'||(1+(g*7)%((10000*:scale)::int)))::uuid, (enum_range(NULL::order_status))[1+g%5], round((random()*90000)::numeric,2), jsonb_build_object('utm',g%20),
 CASE WHEN g%1000=0 THEN NULL ELSE t.at END, t.at FROM generate_series(1,(80000*:scale)::int) g, LATERAL (SELECT :'anchor'::timestamptz - interval '780 days' + sqrt(g::float8/(80000*:scale)::int)*interval '780 days' AS at) t;
INSERT INTO order_items (order_id,product_id,quantity,unit_price) SELECT md5('o'||(1+g/2))::uuid, md5('p'||(1+g%((800*:scale)::int)))::uuid, 1+g%3, 10+g%50 FROM generate_series(0,(160000*:scale)::int-1) g;
INSERT INTO payments (order_id,provider,amount) SELECT id,'moneroo',total_amount FROM orders WHERE status='completed';
INSERT INTO digital_product_downloads (product_id,customer_id,order_id,download_date,ip_address,success) SELECT md5('p'||(1+g%((800*:scale)::int)))::uuid, md5('c'||(1+g%((10000*:scale)::int)))::uuid, CASE WHEN g%2=0 THEN md5('o'||(1+g%((80000*:scale)::int)))::uuid END, :'anchor'::timestamptz - random()*interval '500 days', ('41.'||g%200||'.1.'||g%250)::inet, g%20<>0 FROM generate_series(1,(120000*:scale)::int) g;
INSERT INTO transaction_logs (transaction_id,event_type,status,request_data,response_data,created_at) SELECT md5('t'||g/3)::uuid, (ARRAY['created','authorized','webhook'])[1+g%3],'ok', jsonb_build_object('card','**** '||g%9999), jsonb_build_object('raw',repeat('z',(g%60)::int)), :'anchor'::timestamptz - random()*interval '700 days' FROM generate_series(1,(160000*:scale)::int) g;
CREATE TRIGGER orders_updated BEFORE UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION set_updated_at();
CREATE TRIGGER orders_number BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION gen_order_number();
ALTER TABLE orders ENABLE ROW LEVEL SECURITY; ALTER TABLE orders FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_sees ON orders FOR SELECT TO authenticated USING (store_id IN (SELECT id FROM stores WHERE owner_id = auth.uid()));
CREATE POLICY service_all ON orders USING (auth.role() = 'service_role');
ALTER TABLE digital_product_downloads ENABLE ROW LEVEL SECURITY;
CREATE POLICY dl_own ON digital_product_downloads FOR SELECT TO authenticated USING (customer_id IN (SELECT id FROM customers WHERE user_id = auth.uid()));
GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA public TO authenticated; GRANT ALL ON ALL TABLES IN SCHEMA public TO service_role; GRANT SELECT ON products, stores TO anon;
COMMENT ON COLUMN orders.payment_intent_id IS 'idempotence des webhooks: UNIQUE obligatoire';
COMMIT;
ANALYZE;

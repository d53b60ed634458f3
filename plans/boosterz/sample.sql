-- Boosterz: an app for collectors of trading cards, as it was before it had statistics of its own.
-- Load:   psql -d boosterz -v ON_ERROR_STOP=1 -v scale=1 -f sample.sql
-- scale:  multiplier, from 0.05; scale=1 = 3k users, 120k cards, 60k personal cards, 50k posts, 80k likes, 120k messages.
-- anchor: "today" of the data set (default 2025-10-23; pass -v anchor="$(date +%F)" for live data).
\if :{?scale}
\else
\set scale 1
\endif
\if :{?anchor}
\else
\set anchor 2025-10-23
\endif
\set ON_ERROR_STOP 1
SET client_min_messages = warning;
SET timezone = 'UTC';
BEGIN;
DO $$ BEGIN CREATE ROLE boosterz_api; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;
CREATE TYPE card_condition AS ENUM ('mint','near_mint','good','played','poor');
CREATE TABLE users (id serial PRIMARY KEY, username varchar(60) NOT NULL UNIQUE, email varchar(255) NOT NULL UNIQUE, name varchar(200), avatar_url text, bio text, last_seen_at timestamptz, created_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE collections (id serial PRIMARY KEY, user_id integer REFERENCES users(id) ON DELETE CASCADE, name varchar(200) NOT NULL, season varchar(12), total_cards integer NOT NULL DEFAULT 0, is_public boolean NOT NULL DEFAULT true, created_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE checklist_cards (                                     -- what there is to collect
  id serial PRIMARY KEY, collection_id integer NOT NULL REFERENCES collections(id) ON DELETE CASCADE, reference varchar(24) NOT NULL, player_name varchar(200) NOT NULL, team_name varchar(120),
  card_type varchar(40) NOT NULL DEFAULT 'base', numbering varchar(12), is_variant boolean NOT NULL DEFAULT false, base_reference varchar(24),   -- variants point at their base by text
  created_at timestamptz NOT NULL DEFAULT now(), UNIQUE (collection_id, reference));
CREATE TABLE cards (                                               -- a user's card inside a collection; no FK to the checklist yet, only a text reference, 2 % dirty
  id serial PRIMARY KEY, collection_id integer NOT NULL REFERENCES collections(id) ON DELETE CASCADE, owner_id integer NOT NULL REFERENCES users(id) ON DELETE CASCADE,
  reference varchar(24) NOT NULL, player_name varchar(200), is_owned boolean NOT NULL DEFAULT false, is_for_trade boolean NOT NULL DEFAULT false, trade_price numeric(10,2) CHECK (trade_price IS NULL OR trade_price >= 0), created_at timestamptz NOT NULL DEFAULT now(), updated_at timestamptz);
CREATE TABLE personal_cards (                                      -- outside collections; checklist_card_id is text, without a foreign key, and holds orphans
  id serial PRIMARY KEY, user_id integer NOT NULL REFERENCES users(id) ON DELETE CASCADE, checklist_card_id varchar(20), player_name varchar(200) NOT NULL, condition card_condition NOT NULL DEFAULT 'good', image_url text, is_for_sale boolean NOT NULL DEFAULT false, price numeric(10,2), created_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE user_card_ownership (user_id integer NOT NULL REFERENCES users(id) ON DELETE CASCADE, checklist_card_id integer NOT NULL REFERENCES checklist_cards(id) ON DELETE CASCADE, owned boolean NOT NULL DEFAULT false, updated_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (user_id, checklist_card_id));
CREATE TABLE follows (follower_id integer NOT NULL REFERENCES users(id) ON DELETE CASCADE, following_id integer NOT NULL REFERENCES users(id) ON DELETE CASCADE, created_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (follower_id, following_id), CHECK (follower_id <> following_id));
CREATE TABLE posts (id bigserial PRIMARY KEY, user_id integer NOT NULL REFERENCES users(id) ON DELETE CASCADE, content text NOT NULL, image_url text, is_visible boolean NOT NULL DEFAULT true, likes_count integer NOT NULL DEFAULT 0, created_at timestamptz NOT NULL);
CREATE TABLE post_likes (post_id bigint NOT NULL REFERENCES posts(id) ON DELETE CASCADE, user_id integer NOT NULL REFERENCES users(id) ON DELETE CASCADE, created_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (post_id, user_id));
CREATE TABLE conversations (id serial PRIMARY KEY, user1_id integer NOT NULL REFERENCES users(id), user2_id integer NOT NULL REFERENCES users(id), last_message_at timestamptz, CHECK (user1_id < user2_id), UNIQUE (user1_id, user2_id));
CREATE TABLE messages (id bigserial PRIMARY KEY, conversation_id integer NOT NULL REFERENCES conversations(id) ON DELETE CASCADE, sender_id integer NOT NULL REFERENCES users(id), content text NOT NULL, is_read boolean NOT NULL DEFAULT false, created_at timestamptz NOT NULL);
CREATE TABLE notifications (id bigserial PRIMARY KEY, user_id integer NOT NULL REFERENCES users(id) ON DELETE CASCADE, kind varchar(30) NOT NULL, payload jsonb NOT NULL, read_at timestamptz, created_at timestamptz NOT NULL);
CREATE TABLE sessions (sid varchar PRIMARY KEY, sess jsonb NOT NULL, expire timestamp(6) NOT NULL);
CREATE VIEW v_trade_market AS SELECT c.id, c.owner_id, u.username, c.reference, c.trade_price FROM cards c JOIN users u ON u.id=c.owner_id WHERE c.is_for_trade;
SELECT setseed(0.42);
INSERT INTO users (username,email,name,bio,last_seen_at) SELECT 'collector'||g, 'c'||g||'@boosterz.fr', 'Prénom'||g||' Nom', CASE WHEN g%3=0 THEN 'Fan d''OM ⚽' END, :'anchor'::timestamptz - random()*interval '900 days' FROM generate_series(1,(3000*:scale)::int) g;
INSERT INTO collections (user_id,name,season,total_cards,created_at) SELECT 1+g%(3000*:scale)::int, 'Score Ligue 1 '||g, '23/24', 200, :'anchor' FROM generate_series(1,(60*:scale)::int) g;
INSERT INTO checklist_cards (collection_id,reference,player_name,team_name,card_type,numbering,is_variant,base_reference)
SELECT c.id, CASE WHEN k>150 THEN (k-100)||'-L'||k ELSE k::text END, 'Joueur '||k%120, (ARRAY['OM','PSG','OL','LOSC'])[1+k%4], CASE WHEN k>190 THEN 'auto' WHEN k>150 THEN 'base_numbered' ELSE 'base' END, CASE WHEN k>150 THEN '1/'||k END, k>150, CASE WHEN k>150 THEN (k-100)::text END FROM collections c, generate_series(1,200) k;
INSERT INTO cards (collection_id,owner_id,reference,player_name,is_owned,is_for_trade,trade_price,created_at)
SELECT 1+(g/2000)%(60*:scale)::int, 1+(g*7)%(3000*:scale)::int, CASE WHEN g%50=0 THEN '??'||g%9 WHEN g%200>150 THEN ((g%200)-100)||'-L'||(g%200) ELSE (1+g%150)::text END, 'Joueur '||g%120, g%3=0, g%10=0, CASE WHEN g%10=0 THEN round((random()*50)::numeric,2) END, :'anchor'::timestamptz - random()*interval '600 days' FROM generate_series(1,(120000*:scale)::int) g;
INSERT INTO personal_cards (user_id,checklist_card_id,player_name,condition,is_for_sale,price,created_at)
SELECT 1+(g*11)%(3000*:scale)::int, CASE WHEN g%6=0 THEN NULL WHEN g%101=0 THEN '' WHEN g%53=0 THEN (99000000+g)::text ELSE (1+(g*17)%(12000*:scale)::int)::text END, 'Joueur '||g%120, (enum_range(NULL::card_condition))[1+g%5], g%8=0, CASE WHEN g%8=0 THEN 5+g%60 END, :'anchor'::timestamptz - random()*interval '600 days' FROM generate_series(1,(60000*:scale)::int) g;
-- Keen collectors: most of one collection, and every third card of it twice.
INSERT INTO cards (collection_id,owner_id,reference,player_name,is_owned,created_at)
SELECT k.collection_id, u, k.reference, k.player_name, true, :'anchor'
FROM generate_series(100,(3000*:scale)::int,100) u JOIN checklist_cards k ON k.collection_id = 1+u/100%(60*:scale)::int, generate_series(1,2) copy
WHERE k.id%10 < 8 AND (copy = 1 OR k.id%3 = 0);
INSERT INTO user_card_ownership SELECT u, 1+((u*37+k*13)%(12000*:scale)::int), k%2=0, :'anchor' FROM generate_series(1,(1500*:scale)::int) u, generate_series(1,50) k ON CONFLICT DO NOTHING;
INSERT INTO follows SELECT a, 1+(a*k*13+k)%(3000*:scale)::int FROM generate_series(1,(3000*:scale)::int) a, generate_series(1,15) k WHERE a <> 1+(a*k*13+k)%(3000*:scale)::int ON CONFLICT DO NOTHING;
INSERT INTO posts (user_id,content,is_visible,likes_count,created_at) SELECT 1+(g*19)%(3000*:scale)::int, 'Pull du jour n°'||g||' 🎉', g%25<>0, 0, :'anchor'::timestamptz - random()*interval '700 days' FROM generate_series(1,(50000*:scale)::int) g;
INSERT INTO post_likes (post_id,user_id) SELECT 1+(g*23)%(50000*:scale)::int, 1+(g*29)%(3000*:scale)::int FROM generate_series(1,(80000*:scale)::int) g ON CONFLICT DO NOTHING;
INSERT INTO conversations (user1_id,user2_id) SELECT g, g+1+g%(500*:scale)::int FROM generate_series(1,(2400*:scale)::int) g;
INSERT INTO messages (conversation_id,sender_id,content,is_read,created_at) SELECT c.id, CASE WHEN k%2=0 THEN c.user1_id ELSE c.user2_id END, 'msg '||k, k<48, :'anchor'::timestamptz - (50-k)*interval '7 hours' - c.id*interval '1 minute' FROM conversations c, generate_series(1,50) k;
INSERT INTO notifications (user_id,kind,payload,read_at,created_at) SELECT 1+g%(3000*:scale)::int,'like',jsonb_build_object('post',g),CASE WHEN g%4<>0 THEN now() END, :'anchor'::timestamptz - random()*interval '400 days' FROM generate_series(1,(60000*:scale)::int) g;
INSERT INTO sessions SELECT md5(g::text), jsonb_build_object('u',g), :'anchor'::timestamp + (g%60-30)*interval '1 day' FROM generate_series(1,(8000*:scale)::int) g;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO boosterz_api; GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO boosterz_api;
COMMIT;
ANALYZE;

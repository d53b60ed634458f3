# What a step costs: 1,000 steps of SELECT 1, every one with its row in a durable journal.

# plan_of SHAPE: chain (each needs the one before) or fan (all need the first).
plan_of() {
  mkdir -p "$work/$1"
  awk -v shape="$1" 'BEGIN {
    print "caisson: 1\nplan: bench\nsteps:"
    for (i = 0; i < 1000; i++) {
      needs = i == 0 ? "" : sprintf(" needs: [s%d],", shape == "chain" ? i - 1 : 0)
      printf "  s%d: { uses: sql.run,%s with: { up: SELECT 1 } }\n", i, needs
    }
  }' >"$work/$1/plan.yaml"
  printf 'environment: bench\nplan: plan.yaml\ntarget: dbname=bench\n' >"$work/$1/bench.yaml"
}

# The floor: a script that keeps the same promise by hand. One commit a step, or `running` first and then the rest.
psql_scripts() {
  awk 'BEGIN { for (i = 0; i < 1000; i++)
    printf "BEGIN; SELECT 1; INSERT INTO journal VALUES (\047s%d\047, \047done\047, now(), clock_timestamp()); COMMIT;\n", i
  }' >"$work/journal.sql"
  awk 'BEGIN { for (i = 0; i < 1000; i++) {
    printf "INSERT INTO journal VALUES (\047s%d\047, \047running\047, now(), NULL);\n", i
    printf "BEGIN; SELECT 1; UPDATE journal SET status = \047done\047, ended = clock_timestamp() WHERE step = \047s%d\047; COMMIT;\n", i
  } }' >"$work/journal2.sql"
}

journal_table() {
  sql -c "CREATE TABLE journal (step text PRIMARY KEY, status text, started timestamptz, ended timestamptz)"
}

# alembic_tree SHAPE: the same as revisions of alembic, where it is installed.
alembic_tree() {
  mkdir -p "$work/alembic/versions"
  cat >"$work/alembic/alembic.ini" <<INI
[alembic]
script_location = $work/alembic
INI
  cat >"$work/alembic/env.py" <<'PY'
import os
from alembic import context
from sqlalchemy import create_engine
e = os.environ
url = f"postgresql+psycopg2://{e['PGUSER']}:{e['PGPASSWORD']}@{e['PGHOST']}:{e['PGPORT']}/{e['PGDATABASE']}"
with create_engine(url).connect() as connection:
    context.configure(connection=connection, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()
PY
  awk -v folder="$work/alembic/versions" 'BEGIN { for (i = 0; i < 1000; i++) {
    file = folder "/s" i ".py"
    before = i == 0 ? "None" : sprintf("\"s%d\"", i - 1)
    printf "from alembic import op\nrevision = \"s%d\"\ndown_revision = %s\n", i, before >file
    printf "branch_labels = None\ndepends_on = None\n" >file
    printf "def upgrade(): op.execute(\"SELECT 1\")\ndef downgrade(): pass\n" >file
    close(file)
  } }'
}

bench_engine() {
  start_server
  plan_of chain
  plan_of fan
  psql_scripts
  alembic=$(command -v alembic || true)
  [ -z "$alembic" ] || alembic_tree
  round=0
  while [ "$round" -lt "$rounds" ]; do
    round=$((round + 1))
    for shape in chain fan; do
      fresh_database bench && "$CAISSON" journal install "$work/$shape/bench.yaml" >/dev/null
      measure "caisson_$shape" "$CAISSON" apply "$work/$shape/bench.yaml" --yes
      done=$(sql -c "SELECT count(*) FROM caisson.step WHERE state = 'done'")
      [ "$done" = 1000 ] || { echo "scripts/bench: $done of 1000 steps are done" >&2; exit 1; }
      fresh_database bench && journal_table && measure "psql_journal_$shape" sql -f "$work/journal.sql"
    done
    fresh_database bench && journal_table && measure psql_journal2_chain sql -f "$work/journal2.sql"
    [ -z "$alembic" ] || { fresh_database bench && (cd "$work/alembic" && measure alembic_chain "$alembic" upgrade heads); }
    measure_many version 20 "$CAISSON" --version
    measure_many validate 5 "$CAISSON" validate "$work/chain/bench.yaml"
  done
  fresh_database bench
  memory=$(peak_memory "$CAISSON" apply "$work/chain/bench.yaml" --yes)

  table "1,000 steps, each after the one before" psql_journal_chain \
    caisson_chain psql_journal_chain psql_journal2_chain alembic_chain
  table "1,000 steps after one, 4 connections" psql_journal_fan caisson_fan psql_journal_fan
  echo
  verdict "chain, of psql_journal" "$(ratio caisson_chain psql_journal_chain)" 1.3 x
  verdict "chain, of psql_journal2" "$(ratio caisson_chain psql_journal2_chain)" 0.9 x
  verdict "fan-out, of psql_journal" "$(ratio caisson_fan psql_journal_fan)" 0.6 x
  verdict "peak memory of the chain" "$memory" 25 MB
  verdict "--version" "$(median version)" 10 ms
  verdict "validate a plan of 1,000 steps" "$(median validate)" 50 ms
}

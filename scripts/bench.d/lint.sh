# Lint: the speed over 1,000 statements of migrations, and whether each of 27 known hazards is named by its rule.

# Statements in turns: what application frameworks write, from CREATE TABLE to a function body.
lint_statements() {
  awk 'BEGIN {
    s[0] = "CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_@ ON public.t_@ (organization_id, occurred_at) WHERE status_id = 1 AND deleted_at IS NULL;"
    s[1] = "CREATE INDEX ix_@ ON t_@ (a);"
    s[2] = "ALTER TABLE t_@ ADD COLUMN c_@ text NOT NULL DEFAULT \047x\047;"
    s[3] = "CREATE TABLE IF NOT EXISTS t_@ (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, org bigint NOT NULL, data jsonb, at timestamptz NOT NULL DEFAULT now());"
    s[4] = "ALTER TABLE t_@ ADD CONSTRAINT fk_@ FOREIGN KEY (org) REFERENCES orgs (id);"
    s[5] = "CREATE MATERIALIZED VIEW mv_@ AS SELECT v.organization_id, count(*) AS n, sum(m.cost) AS cost FROM vehicles v LEFT JOIN maintenance m ON m.vehicle_id = v.id WHERE v.deleted_at IS NULL GROUP BY 1;"
    s[6] = "UPDATE t_@ SET data = jsonb_build_object(\047anonymized\047, true), user_id = NULL WHERE occurred_at < CURRENT_DATE - INTERVAL \0477 years\047;"
    s[7] = "ALTER TABLE t_@ RENAME TO t_@_old;"
    s[8] = "CREATE TABLE p_@ PARTITION OF t FOR VALUES FROM (\0472025-01-01\047) TO (\0472025-02-01\047);"
    s[9] = "CREATE FUNCTION f_@() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.x := OLD.x; RETURN NEW; END $$;"
    for (i = 0; i < 1000; i++) { text = s[i % 10]; gsub(/@/, i, text); print text }
  }'
}

bench_lint() {
  lint_statements >"$work/statements.sql"
  squawk=${SQUAWK:-$(command -v squawk || true)}
  round=0
  # A round takes a hundredth of a second: more of them cost nothing.
  while [ "$round" -lt $((rounds * 5)) ]; do
    round=$((round + 1))
    measure_many caisson_lint 1 "$CAISSON" lint --output json "$work/statements.sql"
    [ -z "$squawk" ] || measure_any squawk "$squawk" --reporter json "$work/statements.sql"
  done
  if [ -n "$squawk" ]; then
    table "1,000 statements in one file" squawk caisson_lint squawk
  else
    table "1,000 statements in one file" caisson_lint caisson_lint
    echo "squawk is not in PATH: nothing to compare with (SQUAWK=/path/to/squawk)"
  fi
  echo
  echo "| hazard | rule | named |"
  echo "|---|---|---|"
  named=0
  while IFS='|' read -r rule statement; do
    echo "$statement" >"$work/hazard.sql"
    "$CAISSON" lint --output ndjson "$work/hazard.sql" >"$work/out" || [ $? -eq 5 ] || exit 1
    answer=NO
    if grep -q "\"rule_name\": *\"$rule\"" "$work/out"; then
      answer=yes
      named=$((named + 1))
    fi
    echo "| \`$statement\` | $rule | $answer |"
  done <"$root/scripts/bench.d/hazards.txt"
  echo
  [ -z "$squawk" ] || verdict "1,000 statements, of squawk" "$(ratio caisson_lint squawk)" 1.5 x
  echo "hazards named: $named of $(wc -l <"$root/scripts/bench.d/hazards.txt")"
}

# squawk's exit status tells of findings, not of failure.
measure_any() {
  name=$1
  shift
  begun=$(date +%s%N)
  "$@" >/dev/null 2>&1 || true
  ended=$(date +%s%N)
  awk -v name="$name" -v ns="$((ended - begun))" 'BEGIN { printf "%s %.2f\n", name, ns / 1e6 }' >>"$work/times"
}

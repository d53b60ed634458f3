# The dashboards of plans/zenfleet, plans/boosterz and plans/drain-fortin: what they ask, from the tables before the plan is
# applied and from the views after it, by one client, page after page. "From the tables" is the right question in its best
# form, with the view's definition in the place of its name, so that the planner reads no more than the page needs; the
# recommended query beside it is mostly wrong. At scale 2 there are 100 organisations with 4,000 vehicles, 120,000
# assignments and 400,000 audit entries; 6,000 collectors with 240,000 cards; 200,000 calls.

matview_scale=${BENCH_SCALE:-2}
matview_seconds=${BENCH_SECONDS:-5}

# matview_database PLAN: its sample, and the plan's files with an environment of their own.
matview_database() {
  fresh_database bench
  rm -rf "$work/matview" && cp -R "$root/plans/$1" "$work/matview"
  printf 'environment: bench\nplan: %s\ntarget: dbname=bench\n' "$2" >"$work/matview/bench.yaml"
  sql -v scale="$matview_scale" -v anchor="$(date +%F)" -f "$work/matview/sample.sql" >/dev/null
  sql -c "VACUUM (ANALYZE)" -c CHECKPOINT
}

# The page's query with each view's definition where its name stands.
matview_unfolded() {
  awk -v folder="$work/matview/views" '
    {
      for (i = 1; i < NF; i++)
        if (($i == "FROM" || $i == "JOIN") && (getline line < (folder "/" $(i + 1) ".sql")) > 0) {
          text = line
          while ((getline line < (folder "/" $(i + 1) ".sql")) > 0) text = text "\n" line
          close(folder "/" $(i + 1) ".sql")
          print $i " (\n" text "\n) " $(i + 1)
          next
        }
      print
    }' "$1"
}

# matview_pages NAME FILE KEYS: p50 and p95 of a page in milliseconds go to $work/times.
matview_pages() {
  { echo '\set key random(1, :keys)' && cat "$2" && echo ';'; } >"$work/matview/page.sql"
  rm -f "$work"/matview/page.log*
  (cd "$work/matview" && "$programs/pgbench" -n -f page.sql -t 1 -D keys="$3" bench && "$programs/pgbench" -n -f page.sql \
    -T "$matview_seconds" -D keys="$3" -l --log-prefix=page.log bench) >"$work/out" 2>&1 || {
    echo "scripts/bench: $1 failed:" >&2
    tail -n 5 "$work/out" >&2
    exit 1
  }
  cat "$work"/matview/page.log* | awk '{ print $3 / 1000 }' | sort -n |
    awk -v name="$1" '{ v[NR] = $1 } END { printf "%s_p50 %.3f\n%s_p95 %.3f\n", name, v[int(NR * .5) + 1], name, v[int(NR * .95) + 1] }' \
      >>"$work/times"
}

# matview_dashboards KIND KEYS: every page of the plan; KIND is tables, report or view.
matview_dashboards() {
  for page in "$work"/matview/dashboards/*.proof.sql; do
    page=${page%.proof.sql}
    query=$page.sql
    case "$1" in
    report) query=$page.report.sql ;;
    tables) [ ! -f "$page.tables.sql" ] || query=$page.tables.sql ;;
    esac
    [ -f "$query" ] || continue
    matview_unfolded "$query" >"$work/matview/query.sql"
    [ "$1" != view ] || cp "$query" "$work/matview/query.sql"
    matview_pages "matview_$1_${page##*/}" "$work/matview/query.sql" "$2"
  done
}

# From one connection, so that no program's start is in it.
matview_refreshes() {
  for view in $(sql -c "SELECT matviewname FROM pg_matviews WHERE schemaname = 'public'"); do
    for mode in "" CONCURRENTLY; do
      printf '\\timing on\nREFRESH MATERIALIZED VIEW %s %s;\n' "$mode" "$view" | sql |
        awk -v name="refresh_${view}_${mode:-full}" '/^Time:/ { print name, $2 }' >>"$work/times"
    done
  done
}

# matview_plan PLAN FILE KEYS
matview_plan() {
  matview_database "$1" "$2"
  matview_dashboards tables "$3"
  matview_dashboards report "$3"
  measure "matview_apply_$1" "$CAISSON" apply "$work/matview/bench.yaml" --yes
  sql -c "VACUUM (ANALYZE)" -c CHECKPOINT
  matview_dashboards view "$3"
  matview_refreshes
}

bench_matview() {
  start_server
  round=0
  while [ "$round" -lt "$rounds" ]; do
    round=$((round + 1))
    matview_plan zenfleet views.yaml "$(awk -v s="$matview_scale" 'BEGIN { print int(50 * s) }')"
    matview_plan boosterz plan.yaml "$(awk -v s="$matview_scale" 'BEGIN { print int(3000 * s) }')"
    matview_plan drain-fortin plan.yaml 1
  done
  matview_table
}

matview_table() {
  echo
  echo "Dashboards at scale $matview_scale, one client, ms; the reports claim \"from seconds to milliseconds\""
  echo
  echo "| page | as recommended p50 | p95 | from the tables p50 | p95 | from the view p50 | p95 | x p50 | x p95 |"
  echo "|---|---|---|---|---|---|---|---|---|"
  for name in $(sed -n 's/^matview_view_\(.*\)_p50 .*/\1/p' "$work/times" | sort -u); do
    report=$(median "matview_report_${name}_p50") report95=$(median "matview_report_${name}_p95")
    awk -v name="$name" -v r="${report:--}" -v r95="${report95:--}" -v t="$(median "matview_tables_${name}_p50")" \
      -v t95="$(median "matview_tables_${name}_p95")" -v v="$(median "matview_view_${name}_p50")" \
      -v v95="$(median "matview_view_${name}_p95")" \
      'BEGIN { printf "| %s | %s | %s | %.2f | %.2f | %.2f | %.2f | %.0f | %.0f |\n", name, r, r95, t, t95, v, v95, t / v, t95 / v95 }'
  done
  echo
  echo "| refresh | full ms | concurrently ms |"
  echo "|---|---|---|"
  for name in $(sed -n 's/^refresh_\(.*\)_full .*/\1/p' "$work/times" | sort -u); do
    echo "| $name | $(median "refresh_${name}_full") | $(median "refresh_${name}_CONCURRENTLY") |"
  done
  echo
  for name in $(sed -n 's/^matview_view_\(.*\)_p50 .*/\1/p' "$work/times" | sort -u); do
    verdict "$name: of the time it takes from the tables" "$(ratio "matview_view_${name}_p50" "matview_tables_${name}_p50")" 0.05 x
  done
}

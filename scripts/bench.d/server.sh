# A private PostgreSQL with fsync on: $work/server, loopback only, a password that only the environment carries.

find_programs() {
  for folder in "${CAISSON_PG_BIN:-}" "$(pg_config --bindir 2>/dev/null)" /usr/lib/postgresql/*/bin; do
    [ -n "$folder" ] && [ -x "$folder/initdb" ] && [ -x "$folder/psql" ] && { echo "$folder"; return; }
  done
  echo "scripts/bench: no PostgreSQL server programs; set CAISSON_PG_BIN" >&2
  exit 2
}

# PostgreSQL refuses to run as root.
as_owner() {
  if [ "$(id -u)" != 0 ]; then
    "$@"
  elif id postgres >/dev/null 2>&1; then
    setpriv --reuid=postgres --regid="$(id -g postgres)" --clear-groups -- "$@"
  else
    setpriv --reuid=nobody --regid="$(id -g nobody)" --clear-groups -- "$@"
  fi
}

start_server() {
  [ -z "${server:-}" ] || return 0
  programs=$(find_programs)
  server=$work/server
  PGPASSWORD=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
  mkdir -m 700 "$server"
  (umask 077 && echo "$PGPASSWORD" >"$server/password")
  if [ "$(id -u)" = 0 ]; then
    if id postgres >/dev/null 2>&1; then owner=postgres; else owner=nobody; fi
    chown -R "$owner" "$server"
  fi
  # md5: the many rounds of SCRAM would be measured with every connection that a program opens.
  as_owner "$programs/initdb" -D "$server/data" -U postgres -E UTF8 --locale=C.UTF-8 --auth=md5 \
    --pwfile="$server/password" >/dev/null
  PGHOST=127.0.0.1 PGUSER=postgres PGDATABASE=postgres
  for PGPORT in $(awk 'BEGIN { srand(); for (i = 0; i < 20; i++) print 20000 + int(rand() * 12000) }'); do
    cat >>"$server/data/postgresql.conf" <<CONF
port = $PGPORT
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
fsync = on
shared_buffers = 1GB
max_wal_size = 8GB
min_wal_size = 1GB
checkpoint_timeout = 30min
maintenance_work_mem = 512MB
work_mem = 32MB
random_page_cost = 1.1
effective_cache_size = 12GB
autovacuum = off
CONF
    if as_owner "$programs/pg_ctl" -D "$server/data" -l "$server/log" -w -s start 2>/dev/null; then
      export PGHOST PGPORT PGUSER PGDATABASE PGPASSWORD
      return 0
    fi
  done
  tail -n 5 "$server/log" >&2
  echo "scripts/bench: the server did not start" >&2
  exit 1
}

stop_server() {
  [ -z "${server:-}" ] || as_owner "$programs/pg_ctl" -D "$server/data" -m immediate -w -s stop >/dev/null 2>&1 || true
}

# The binary itself: Debian's /usr/bin/psql is a wrapper script that costs 20 ms a start.
sql() { PGOPTIONS="-c client_min_messages=warning" "$programs/psql" -X -q -A -t -v ON_ERROR_STOP=1 "$@"; }

# fresh_database NAME [TEMPLATE]: empty or a copy, and nothing left to be written by a checkpoint meanwhile.
fresh_database() {
  sql -d postgres -c "DROP DATABASE IF EXISTS $1 WITH (FORCE)" \
    -c "CREATE DATABASE $1 TEMPLATE ${2:-template0} STRATEGY file_copy" -c CHECKPOINT
  PGDATABASE=$1
}

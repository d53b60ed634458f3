# Times, medians and tables. Every measured time goes to $work/times as `NAME MILLISECONDS`.

: >"$work/times"

# measure NAME COMMAND...: runs it, which must succeed, and writes down how long it took.
measure() {
  name=$1
  shift
  begun=$(date +%s%N)
  "$@" >"$work/out" 2>"$work/err" || {
    echo "scripts/bench: $name failed:" >&2
    tail -n 20 "$work/out" "$work/err" >&2
    exit 1
  }
  ended=$(date +%s%N)
  awk -v name="$name" -v ns="$((ended - begun))" 'BEGIN { printf "%s %.2f\n", name, ns / 1e6 }' >>"$work/times"
}

# measure_many NAME COUNT COMMAND...: COUNT runs in one measurement, for what takes milliseconds.
measure_many() {
  name=$1 count=$2
  shift 2
  begun=$(date +%s%N)
  turn=0
  while [ "$turn" -lt "$count" ]; do
    "$@" >/dev/null 2>&1 || [ $? -eq 5 ] || { echo "scripts/bench: $name failed" >&2; exit 1; }
    turn=$((turn + 1))
  done
  ended=$(date +%s%N)
  awk -v name="$name" -v ns="$((ended - begun))" -v count="$count" \
    'BEGIN { printf "%s %.2f\n", name, ns / 1e6 / count }' >>"$work/times"
}

median() {
  awk -v name="$1" '$1 == name { print $2 }' "$work/times" | sort -n |
    awk '{ v[NR] = $1 } END { if (NR) printf "%.2f", (NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2) }'
}

# peak_memory COMMAND...: the largest resident size in MB while it ran; VmHWM is a high-water mark.
peak_memory() {
  "$@" >/dev/null 2>&1 &
  watched=$!
  peak=0
  while seen=$(awk '/^VmHWM/ { print $2 }' "/proc/$watched/status" 2>/dev/null) && [ -n "$seen" ]; do
    peak=$seen
    sleep 0.02
  done
  wait "$watched" || { echo "scripts/bench: failed while its memory was watched: $*" >&2; exit 1; }
  awk -v kb="$peak" 'BEGIN { printf "%.1f", kb / 1024 }'
}

# table TITLE BASE NAME...: a row per NAME that was measured, with its ratio to BASE.
table() {
  echo
  echo "| $1 | median ms | min | max | x of $2 |"
  echo "|---|---|---|---|---|"
  base=$(median "$2")
  shift 2
  for name in "$@"; do
    value=$(median "$name")
    [ -n "$value" ] || continue
    awk -v name="$name" '$1 == name { print $2 }' "$work/times" | sort -n | awk -v name="$name" -v m="$value" -v b="$base" \
      'NR == 1 { low = $1 } { high = $1 }
       END { printf "| %s | %.1f | %.1f | %.1f | %.2f |\n", name, m, low, high, (b > 0 ? m / b : 0) }'
  done
}

# verdict WHAT VALUE LIMIT UNIT: says whether a target is met; never fails the run.
verdict() {
  awk -v what="$1" -v value="$2" -v limit="$3" -v unit="$4" \
    'BEGIN { printf "%-58s %8.2f %-2s (target %s %s) %s\n", what, value, unit, limit, unit, (value <= limit ? "met" : "NOT MET") }'
}

ratio() { awk -v a="$(median "$1")" -v b="$(median "$2")" 'BEGIN { printf "%.3f", (b > 0 ? a / b : 0) }'; }

# measure.sh - rates side by side; to be sourced by run.

# load MODE URL CONNECTIONS: prints "result rate p50_ms p99_ms errors".
load() {
	MODE=$1 wrk -t 2 -c "$3" -d "${seconds}s" -s tests/bench/load.lua \
		"$2" | grep '^result'
}

# script NAME FUNCTION STATEMENT SED...: a pgbench script of the \set lines on
# standard input and a function's statement, its parameters replaced by SED.
script() {
	local file=$VAR/$1.pgbench function=$2 statement=$3
	shift 3

	{
		cat
		awk -v name="$statement" \
			'/^-- name:/ { on = $3 == name; next } on && !/^--/' \
			"functions/$function/$function.sql" | sed "$@"
	} >"$file"
}

# database NAME FUNCTION: transactions a second of its script, in the function's
# role and so with its settings.  As there, nothing is planned more than once.
database() {
	PGOPTIONS='-c plan_cache_mode=force_generic_plan' pgbench -n -M prepared \
		-c 8 -j 2 -T "$seconds" -D sessions=$sessions \
		-f "$VAR/$1.pgbench" "$(sed "s,//[^@]*@,//kith_$2@," <<<"$DATABASE_URL")" |
		sed -n 's/^tps = \([0-9]*\).*/\1/p'
}

median() {
	sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'
}

# compare TITLE AIM WHAT LIMIT...: what each prints begins with a rate.  A limit
# is called what its name says up to the first underscore.
compare() {
	local title=$1 aim=$2 what=$3 i limit result p50 p99 bad errors=0
	local -A rates=()
	shift 3

	for i in 1 2 3; do
		read -r result rate p50 p99 bad < <($what)
		rates[$what]+=$rate$'\n'
		errors=$((errors + bad))
		for limit in "$@"; do
			rates[$limit]+=$($limit | grep -oE '[0-9.]+' |
				head -n 1)$'\n'
		done
	done

	rate=$(median <<<"${rates[$what]%$'\n'}")
	printf '%-34s %8.0f/s  p50 %6.2f ms  p99 %7.2f ms ' \
		"$title" "$rate" "$p50" "$p99"
	for limit in "$@"; do
		awk -v of="${limit%%_*}" -v rate="$rate" \
			-v most="$(median <<<"${rates[$limit]%$'\n'}")" \
			'BEGIN { printf " %3.0f %% of %s %.0f/s ",
				 100 * rate / most, of, most }'
	done
	printf ' (aim %s)  %d errors\n' "$aim" "$errors"
}

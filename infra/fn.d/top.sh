# fn top [--once] [--json] - what functions do, a table a second
#
# Workers, busy of all threads, requests and errors (5xx) a second, median and
# 99th percentile of a request's time, the longest that one has waited for a
# thread, and events that wait.  Ctrl-C ends it; --once, or --json, is one table.
fn_top() {
	local old new begin

	words "--once --json" "$@"
	(( ${#word[@]} == 0 )) || usage
	find_stack
	new=$(metrics)
	while :; do
		old=$new
		begin=$EPOCHREALTIME
		sleep 1
		new=$(metrics)
		show_top "$old" "$new" "$begin" "$EPOCHREALTIME"
		[[ ! ${flag[--once]-}${flag[--json]-} ]] || break
	done
}

metrics() {
	curl -sSf --max-time 5 "$KITH_INTERNAL_URL/metrics" ||
		missing "function ops does not answer"
}

# show_top OLD NEW BEGIN END
show_top() {
	local rows

	rows=$(awk -v seconds="$(awk "BEGIN { print $4 - $3 }")" \
		-f "$root/infra/top.awk" <(echo "$1") <(echo "$2") | sort)
	if [[ ${flag[--json]-} ]]; then
		jq -Rn '[inputs / "\t" | map(tonumber? // .)
			| {name: .[0], workers: .[1], busy: .[2], threads: .[3],
			   requests_s: .[4], errors_s: .[5], p50_ms: .[6],
			   p99_ms: .[7], queue_ms: .[8], lag: .[9]}
			| map_values(if . == "-" then null else . end)]' \
			<<<"$rows"
		return
	fi
	[[ ! -t 1 || ${flag[--once]-} ]] || printf '\e[H\e[J'
	{
		printf '%s\t' FUNCTION WORKERS BUSY THREADS REQ/S ERR/S P50_MS \
			P99_MS QUEUE_MS
		echo LAG
		echo "$rows"
	} | table
}

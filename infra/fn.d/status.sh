# fn status [NAME] [--json] - pools and their workers
#
# A line a process: function, pid, state, generation, release, and busy of all
# threads; of a pool, ready of wanted workers.  Exit code 3 unless each pool has
# a ready worker, or wants none.  With --json an array of an object a pool.
fn_status() {
	local code=0 names

	words "--json" "$@"
	find_functions
	stack_is_up
	if [[ ${flag[--json]-} ]]; then
		pool --status --json "${names[@]/#/"$VAR/functions/"}" |
			jq -s . || code=${PIPESTATUS[0]}
	else
		printf '%-14s %7s %-10s %5s %-24s %s\n' FUNCTION PID STATE \
			GEN RELEASE BUSY
		pool --status "${names[@]/#/"$VAR/functions/"}" || code=$?
	fi
	exit "$code"
}

# fn logs NAME [-f] [-n N] [--json] - the last lines of its log
#
# 20, or N; with -f also what comes.  A line has the time (UTC), level, process,
# message and the request's id; with --json it is an object as it was written.
fn_logs() {
	local lines

	words "-f -n= --json" "$@"
	find_function
	[[ ${#word[@]} == 1 && ${flag[-n]-20} =~ ^[0-9]+$ ]] || usage
	lines=(log_lines "$name" "${flag[-n]-20}" ${flag[-f]+-F})
	has_log "$name" || missing "$name has no log in $VAR"
	if [[ ${flag[--json]-} ]]; then
		"${lines[@]}" | jq -cR --unbuffered 'fromjson? | objects'
	else
		"${lines[@]}" | readable
	fi
}

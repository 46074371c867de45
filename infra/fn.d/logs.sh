# fn logs NAME [-f] [-n N] [--json] - the last lines of its log
#
# 20, or N; with -f also what comes.  A line has the time (UTC), level, process,
# message and the request's id; with --json it is an object as it was written.
fn_logs() {
	local tail

	words "-f -n= --json" "$@"
	find_function
	[[ ${#word[@]} == 1 && ${flag[-n]-20} =~ ^[0-9]+$ ]] || usage
	tail=(tail -q -n "${flag[-n]-20}")
	[[ ! ${flag[-f]-} ]] || tail+=(-F)
	[[ -e $VAR/log/$name.log ]] || missing "$name has no log in $VAR"
	if [[ ${flag[--json]-} ]]; then
		"${tail[@]}" "$VAR/log/$name.log" |
			jq -cR --unbuffered 'fromjson? | objects'
	else
		"${tail[@]}" "$VAR/log/$name.log" | readable
	fi
}

# fn list [--json] - all functions, their workers and relay
#
# A line each: name, "running" or "stopped", ready of wanted workers and between
# how many that may be, and the release that serves.
fn_list() {
	words "--json" "$@"
	(( ${#word[@]} == 0 )) || usage
	if [[ ${flag[--json]-} ]]; then
		list_json
	else
		list_json | jq -r '.[] | [.name, .state, "\(.ready)/\(.wanted)",
			"\(.min)..\(.max)", .release // "-"] | @tsv' | table
	fi
}

# Without a stack all are stopped.
list_json() {
	local names

	mapfile -t names < <(pool_names)
	if [[ -x $tools/pool ]]; then
		pool --status --json "${names[@]/#/"$VAR/functions/"}" || true
	else
		printf '%s\n' "${names[@]}" | jq -R '{name: ., state: "stopped"}'
	fi | jq -s 'map({name, state, release}
		+ ({ready, wanted, min, max} | map_values(. // 0)))'
}

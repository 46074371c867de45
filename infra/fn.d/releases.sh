# fn releases NAME [--json] - what is kept, newest first
#
# Version, when it was made, and "serves" or "previous", which fn rollback takes.
# At least the newest five are kept.
fn_releases() {
	words "--json" "$@"
	find_function
	(( ${#word[@]} == 1 )) || usage
	if [[ ${flag[--json]-} ]]; then
		release_lines | jq -Rn '[inputs / "\t"
			| {version: .[0], made_at: .[1],
			   serves: (.[2] == "serves"),
			   previous: (.[2] == "previous")}]'
	else
		release_lines | table
	fi
}

release_lines() {
	local versions version serves previous state

	mapfile -t versions < <(ls -r "$directory/releases" 2>/dev/null)
	[[ ! -x $tools/pool ]] || serves=$(serving)
	previous=$(pointed "$name" previous)
	for version in "${versions[@]}"; do
		case $version in
		"${serves-}")	state=serves ;;
		"$previous")	state=previous ;;
		*)		state=- ;;
		esac
		printf '%s\t%s\t%s\n' "$version" "$(made_at "$version")" "$state"
	done
}

# A version is the time at which it was made, in UTC.
made_at() {
	sed -E 's/^(....)(..)(..)T(..)(..)(..\....)$/\1-\2-\3T\4:\5:\6Z/' <<<"$1"
}

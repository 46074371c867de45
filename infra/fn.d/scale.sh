# fn scale NAME N|MIN..MAX - how many workers it has
#
# N at all times, or as many from MIN to MAX as the load needs; with a MIN of 0
# none without requests.  No new generation is started, and no release changes
# it.  What does not run will have them when it does: exit code 3.
fn_scale() {
	local code=0 said

	words "" "$@"
	find_function
	[[ ${#word[@]} == 2 && ${word[1]} =~ ^[0-9]+(\.\.[0-9]+)?$ ]] || usage
	lock_function
	said=$(pool --scale "$directory" "${word[1]}") || code=$?
	(( code == 0 )) || exec >&2
	echo "$said"
	exit "$code"
}

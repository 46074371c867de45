# fn scale NAME N|MIN..MAX - how many workers it has
#
# N at all times, or as many from MIN to MAX as the load needs; with a MIN of 0
# none without requests.  No new generation is started, and no release changes
# it.  What does not run will have them when it does: exit code 3.  Workers and
# relay act by themselves: nobody would start one that is not there, so of them
# there is always one.
fn_scale() {
	words "" "$@"
	find_function
	[[ ${#word[@]} == 2 && ${word[1]} =~ ^[0-9]+(\.\.[0-9]+)?$ ]] || usage
	is_routed || (( 10#${word[1]%%.*} )) ||
		die "$name acts without being asked: it needs a worker"
	lock_function
	told pool --scale "$directory" "${word[1]}"
}

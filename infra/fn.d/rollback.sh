# fn rollback NAME [VERSION] - let a kept release serve again
#
# The one that served before, unless VERSION names another: see fn releases.
# It comes into service as fn deploy brings a new one.
fn_rollback() {
	local release

	words "" "$@"
	find_function
	(( ${#word[@]} <= 2 )) || usage
	lock_function
	release=${word[1]-$(pointed "$name" previous)}
	[[ $release ]] || missing "no release of $name served before"
	[[ $release != */* && -d $directory/releases/$release ]] ||
		missing "$name has no release $release"
	if [[ $release == "$(serving)" && $(pid_of "$name") ]]; then
		echo "$name $release serves already"
		return
	fi
	export_settings
	take "$release"
	echo "$name $release serves"
}

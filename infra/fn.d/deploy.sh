# fn deploy NAME [--no-build] [--force] - build it and bring it into service
#
# Makes a release, which never changes, tests what can be tested before it runs
# (its settings, what it says of itself, nginx's configuration), migrates the
# database, and has the pool load it: it serves once its workers are ready and
# have served for BAKE_MS beside the old ones.  If any of that fails, what
# served before goes on, the log says why, and the exit code is 1.
#
# What already serves, unchanged, is left alone, unless --force.  --no-build
# takes what was built before.  Another deploy of the same function is waited
# for; those of others go on meanwhile.
fn_deploy() {
	local release

	words "--no-build --force" "$@"
	find_function
	(( ${#word[@]} == 1 )) || usage
	lock_function
	[[ ${flag[--no-build]-} ]] || step "build" build_program
	[[ -e $built/$name ]] || die "$name is not built"
	export_settings
	stage_release "$name"
	release=$(serving)
	if [[ ! ${flag[--force]-} && $(pid_of "$name") ]] &&
	   staged_is "$name" "releases/$release"; then
		rm -r "$directory/releases/.new"
		! pool_is_old || step "pool" load_pool ||
			die "$name: its pool was not replaced"
		echo "$name $release serves already"
		return
	fi
	release=$(keep_release "$name")
	take "$release" new
	forget_releases
	echo "$name $release serves"
}

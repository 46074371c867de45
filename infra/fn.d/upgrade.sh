# fn upgrade [NAME] [--no-build] - bring pools to the program that was built
#
# Builds pool and the other programs of the stack itself, puts them in the place
# of those it has, and has the pool of NAME, or one after the other all of them,
# become that program: the same process goes on with the same workers, and loads
# what is current as fn deploy loads a release.  No request is lost.  A program
# that does not run is refused.  If a pool can not become it, or what is current
# does not serve under it, what there was goes on: the log says why, and the exit
# code is 1.
#
# A release whose scoreboard differs from its pool's is not taken: upgrade the
# pool, and deploy it then.
fn_upgrade() {
	local code=0 names

	words "--no-build" "$@"
	find_functions
	stack_is_up
	[[ ${flag[--no-build]-} ]] || step "build" build_own
	exchange_own
	for name in "${names[@]}"; do
		(upgrade_pool) || code=$?
	done
	exit "$code"
}

own_programs=(pool dead token settings)

build_own() {
	local name

	for name in "${own_programs[@]}"; do
		build_program
	done
}

# Each in one step, whoever runs it meanwhile.  A pool without a directory tells
# its usage.  A server runs what was installed.
exchange_own() (
	code=0

	[[ $built != "$tools" ]] || return 0
	"$built/pool" 2>/dev/null || code=$?
	(( code == 100 )) || die "$built/pool is no pool"
	flock 7
	for name in "${own_programs[@]}"; do
		install "$built/$name" "$tools/$name.new"
		mv "$tools/$name.new" "$tools/$name"
	done
) 7>>"$VAR/tools.lock"

upgrade_pool() {
	directory=$VAR/functions/$name
	lock_function
	told pool --upgrade "$directory"
}

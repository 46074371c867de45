# fn dev NAME - deploy it whenever its sources change
#
# The sources are its directory and runtime/.  A build or a release that fails is
# said, and the next change waited for; Ctrl-C ends it.
fn_dev() {
	local sources stamp code

	words "" "$@"
	find_function
	(( ${#word[@]} == 1 )) || usage
	sources=("$(source_of "$name")" "$root/runtime")
	stamp=$(mktemp)
	trap 'rm "$stamp"' EXIT
	trap 'exit 130' INT TERM HUP
	while
		touch "$stamp"
		code=0
		"$root/infra/fn" deploy "$name" || code=$?
		(( code <= 1 ))
	do
		echo "waits for changes of ${sources[0]#"$root/"} and runtime"
		until [[ $(find "${sources[@]}" -newer "$stamp" -print -quit) ]]
		do
			sleep 0.3
		done
	done
	exit "$code"
}

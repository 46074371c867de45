# releases.sh - bring a release of one function into service, or keep the one
# before; to be sourced by fn.
#
# Uses name and directory, of the function.  Whoever is killed on the way leaves
# what serves as it is; the next who locks the function puts the rest back.

# Tell why, if it is not had at once: wait_for_lock FD WHAT FLAG...  LOCK_S is
# for how long at most.
wait_for_lock() {
	! flock -n "${@:3}" "$1" || return 0
	echo "waits for another command on $2" >&2
	flock ${LOCK_S:+-w "$LOCK_S"} "${@:3}" "$1" ||
		die "another command works on $2"
}

# One command at a time on a function, and none while the stack comes or goes.
lock_function() {
	stack_is_up
	exec 9>>"$VAR/lock"
	wait_for_lock 9 "the stack" -s
	find_stack
	mkdir -p "$VAR/locks"
	exec 8>>"$VAR/locks/$name"
	wait_for_lock 8 "$name"
	# A pool that this may start would hand it on to later commands.
	unset LOCK_S
	[[ ! -e $directory/settings.before ]] || settings_back
}

# A function that is started first has the environment of those that run.
inherit_environment() {
	local name setting environment

	for name in $(function_names); do
		environment_of "$name" || continue
		for setting in "${environment[@]}"; do
			[[ ! $setting =~ ^[A-Z][A-Z0-9_]*= ]] ||
				export "${setting?}"
		done
		return
	done
}

# The version that serves; if there is no pool, the current one.
serving() {
	local version

	version=$(pool --status "$directory" | awk '
		$3 == "pool" && $5 != "-" { print $5 }') || true
	echo "${version:-$(pointed "$name" current)}"
}

# pool VERB...: as the services' user.
pool() {
	"${as_user[@]}" "$tools/pool" "$@"
}

# take VERSION [new]: it serves, and what served is `previous`; otherwise what
# served goes on, a new version is removed, and this ends with exit code 1.
take() {
	version=$1 is_new=${2-} is_loaded=
	before=$(serving)
	log_begin=$(log_end "$name")
	trap put_back EXIT
	trap 'exit 1' INT TERM HUP

	step "self-test" self_test
	step "migrations and grants" migrate "$name/releases/$version"
	step "load" load
	step "nginx" nginx_alone nginx_takes
	[[ -z $before || $before == "$version" ]] ||
		point "$name" previous "$before"
	trap - EXIT INT TERM HUP
}

is_routed() {
	[[ $name != @(relay|*-worker) ]]
}

# settings RELEASE: what the function would run with there, an object a line.
settings() {
	as_function "$name" "$tools/settings" "$directory/$1/function.conf"
}

# What can be known before it runs: its settings are good, it says what it
# is, and nginx can route that beside all others.
self_test() {
	local release=releases/$version

	is_routed || return 0
	next=$VAR/nginx/functions/$name.next
	describe "$name" "$release" >"$next"
	[[ $(jq -r .name "$next") == "$name" ]] ||
		die "the release does not describe $name"
	nginx_alone nginx_configure "$name" "$next"
}

# The program that runs may be older than the one that is there.
pool_is_old() {
	! cmp -s "/proc/$(pid_of "$name")/exe" "$tools/pool"
}

# A release comes with the pool that it was built with.
load_pool() {
	if pool_is_old; then
		pool --upgrade "$directory"
	else
		pool --reload "$directory"
	fi
}

# is_loaded unless the pool has said that it failed: it may not have answered, or
# not been asked for long enough.
load() {
	local code=0

	is_loaded=yes
	point "$name" current "$version"
	if [[ $(pid_of "$name") ]]; then
		load_pool || code=$?
		(( code != 1 )) || is_loaded=
		return "$code"
	fi
	start_functions "$name"
}

nginx_takes() {
	is_routed || return 0
	mv "$next" "${next%.next}.json"
	nginx_update
}

# An EXIT trap.
put_back() {
	trap '' INT TERM HUP
	trap - EXIT
	log_since "$name" "$log_begin" | grep -v '"level":"info"' |
		tail -n 10 | readable >&2 || true
	[[ ! -e $directory/settings.before ]] || settings_back
	if [[ $before ]]; then
		point "$name" current "$before"
		[[ -z $is_loaded ]] || pool --reload "$directory" || true
		regrant || true
	else
		halt_function "$name"
		rm -f "$directory/current"
	fi
	if is_routed; then
		rm -f "$VAR/nginx/functions/$name".*
		nginx_alone nginx_update || true
	fi
	[[ -z $is_new ]] || rm -r "$directory/releases/$version"
	die "$name $version was not taken; ${before:-nothing} serves"
}

# The role may do what the release before says.
regrant() {
	local releases=$directory/releases

	cmp -s <(cat "$releases/$version/grants.sql" 2>/dev/null) \
		<(cat "$releases/$before/grants.sql" 2>/dev/null) ||
		migrate "$name/releases/$before"
}

# All but the newest five, the current and the previous one.
forget_releases() {
	local old

	printf '%s\n' "$directory"/releases/* | head -n -5 |
		while read -r old; do
			[[ $directory/current -ef $old ||
			   $directory/previous -ef $old ]] || rm -r "$old"
		done
}

# What was set for the function alone before `fn config`, which was not taken.
settings_back() {
	mv "$directory/settings.before" "$directory/settings"
}

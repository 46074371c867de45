# functions.sh - releases and pools of the functions, their workers and relay;
# to be sourced after process.sh.  Uses flavour, brokers, and the variables that
# pools inherit.

# A directory with sources is a function.
function_names() {
	local source

	for source in "$root"/functions/*/*.c; do
		[[ ! -e $source ]] || basename "$(dirname "$source")"
	done | uniq
}

# A function's worker is the program NAME-worker.
worker_names() {
	local source

	for source in "$root"/functions/*/worker.c; do
		[[ ! -e $source ]] ||
			echo "$(basename "$(dirname "$source")")-worker"
	done
}

# All that is released and run by a pool.  Only functions have routes.
pool_names() {
	function_names
	worker_names
	echo relay
}

has_pool() {
	grep -qxF -e "$1" <<<"$(pool_names)"
}

# Put what its pool was started with into environment; false if none runs.
environment_of() {
	local pid

	pid=$(pid_of "$1") || return
	mapfile -d '' -t environment <"/proc/$pid/environ"
}

# Of a running function the values are those that its pool was started with.
describe() {
	local environment

	if environment_of "$1"; then
		environment=(-i "${environment[@]}")
	else
		environment=("PATH=$PATH")
	fi
	"${as_user[@]}" env "${environment[@]}" \
		"$VAR/functions/$1/current/$1" --describe
}

# Put what was built into releases/VERSION and print VERSION.
make_release() {
	local name=$1 conf grants version new

	case $name in
	relay)		conf=$root/runtime/relay.conf
			grants=$root/runtime/relay_grants.sql ;;
	*-worker)	conf=$root/functions/${name%-worker}/worker.conf
			grants=${conf%.conf}_grants.sql ;;
	*)		conf=$root/functions/$name/function.conf
			grants=$root/functions/$name/grants.sql ;;
	esac
	version=$(date -u +%Y%m%dT%H%M%S.%3N)
	new=$VAR/functions/$name/releases/$version
	user_dir "$VAR/functions/$name"
	mkdir -p "$new"
	cp "$root/build/$flavour/bin/$name" "$new/"
	cp "$conf" "$new/function.conf"
	[[ ! -e $grants ]] || cp "$grants" "$new/grants.sql"
	echo "$version"
}

# make_current NAME VERSION: in one step, whoever looks.
make_current() {
	local directory=$VAR/functions/$1

	ln -sfn "releases/$2" "$directory/current.new"
	mv -T "$directory/current.new" "$directory/current"
}

# What was built is current; a new release only if it differs.
release_if_new() {
	local directory=$VAR/functions/$1 version

	version=$(make_release "$1")
	if diff -rq "$directory/releases/$version" "$directory/current/" \
		>/dev/null 2>&1; then
		rm -r "$directory/releases/$version"
	else
		make_current "$1" "$version"
	fi
}

# All but the newest five and the current one.
forget_releases() {
	local directory=$VAR/functions/$1 old

	printf '%s\n' "$directory"/releases/* | head -n -5 |
		while read -r old; do
			[[ $directory/current -ef $old ]] || rm -r "$old"
		done
}

# Migrations, and roles as the current releases of these functions want them.
migrate() {
	local releases=("${@/#/$VAR/functions/}")

	PASSWORDS_FILE=$PGPASSFILE "$root/infra/migrate" "$owner_url" \
		"${releases[@]/%//current}" || return
	own "$PGPASSFILE"
}

# All but relay get a socket to listen on, workers whether they want it or not.
start_function() {
	local command=("$VAR/bin/pool" "$VAR/functions/$1")

	[[ $1 == relay ]] ||
		command=(spawn-fcgi -n -s "$run/$1.sock" -M 0660 -b 4096
			-- "${command[@]}")
	if [[ $1 == @(relay|*-worker) ]]; then
		KAFKA_BROKERS=$brokers start "$1" "${command[@]}"
	else
		start "$1" "${command[@]}"
	fi
}

function_is_ready() {
	"$VAR/bin/pool" --status "$VAR/functions/$1" >/dev/null
}

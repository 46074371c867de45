# functions.sh - releases and pools of the functions, their workers and relay;
# to be sourced after process.sh.  Uses flavour, brokers, and the variables that
# pools inherit.

# A directory that says how it runs is a function.
function_names() {
	local directory

	for directory in "$root"/functions/*; do
		[[ ! -e $directory/function.conf ]] || echo "${directory##*/}"
	done
}

# A function's worker is the program NAME-worker.
worker_names() {
	local directory

	for directory in "$root"/functions/*; do
		[[ ! -e $directory/worker.conf ]] || echo "${directory##*/}-worker"
	done
}

# All that is released and run by a pool.  Only functions have routes.
pool_names() {
	function_names
	worker_names
	echo relay
}

# Where the sources of a program are, and how it runs.
source_of() {
	case $1 in
	relay)	echo "$root/runtime" ;;
	*)	echo "$root/functions/${1%-worker}" ;;
	esac
}

has_pool() {
	grep -qxF -e "$1" <<<"$(pool_names)"
}

# Put what its pool was started with into environment; false if none runs.  What
# a pool before left to it is its own.
environment_of() {
	local pid

	pid=$(pid_of "$1") || return
	mapfile -d '' -t environment < \
		<(grep -zv '^POOL_STATE=' "/proc/$pid/environ" || true)
	(( ${#environment[@]} ))
}

# as_function NAME COMMAND...: as its pool was started, if it runs.
as_function() {
	local environment

	if environment_of "$1"; then
		environment=(-i "${environment[@]}")
	else
		environment=("PATH=$PATH")
	fi
	"${as_user[@]}" env "${environment[@]}" "${@:2}"
}

# describe NAME RELEASE: what a release says of itself.
describe() {
	as_function "$1" "$VAR/functions/$1/$2/$1" --describe
}

# Put what was built into releases/.new.  It becomes a release whole or not.
stage_release() {
	local name=$1 conf grants new

	case $name in
	relay)		conf=relay.conf grants=relay_grants.sql ;;
	*-worker)	conf=worker.conf grants=worker_grants.sql ;;
	*)		conf=function.conf grants=grants.sql ;;
	esac
	conf=$(source_of "$name")/$conf grants=$(source_of "$name")/$grants
	new=$VAR/functions/$name/releases/.new
	user_dir "$VAR/functions/$name"
	rm -rf "$new"
	mkdir -p "$new"
	cp "$built/$name" "$new/"
	cp "$conf" "$new/function.conf"
	[[ ! -e $grants ]] || cp "$grants" "$new/grants.sql"
}

# staged_is NAME RELEASE: whether it is the same.
staged_is() {
	local directory=$VAR/functions/$1

	diff -rq "$directory/releases/.new" "$directory/$2/" >/dev/null 2>&1
}

# Make what is staged a release, and print its version.
keep_release() {
	local releases=$VAR/functions/$1/releases version

	version=$(date -u +%Y%m%dT%H%M%S.%3N)
	mv "$releases/.new" "$releases/$version"
	echo "$version"
}

# point NAME LINK VERSION: in one step, whoever looks.
point() {
	local link=$VAR/functions/$1/$2

	ln -sfn "releases/$3" "$link.new"
	mv -T "$link.new" "$link"
}

# The version that a link of NAME points to; nothing if there is none.
pointed() {
	local release

	! release=$(readlink "$VAR/functions/$1/$2") || basename "$release"
}

# What was built is current; a new release only if it differs.
release_if_new() {
	stage_release "$1"
	if staged_is "$1" current; then
		rm -r "$VAR/functions/$1/releases/.new"
	else
		point "$1" current "$(keep_release "$1")"
	fi
}

# Migrations, and roles as these releases, NAME/current and the like, want them.
migrate() {
	PASSWORDS_FILE=$PGPASSFILE "$root/infra/migrate" "$owner_url" \
		"${@/#/$VAR/functions/}"
	own "$PGPASSFILE"
}

# All but relay get a socket to listen on, workers whether they want it or not.
start_function() {
	local command=("$tools/pool" "$VAR/functions/$1")

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
	"$tools/pool" --status "$VAR/functions/$1" >/dev/null
}

# A URL without user and password: each function brings its own.
url_without_user() {
	sed -E 's,//[^/@]*@,//,; s/([?&])(user|password)=[^&]*&?/\1/g
		s/[?&]$//' <<<"$1"
}

# What pools and their functions inherit.
export_settings() {
	local scheme

	export PGPASSFILE=$VAR/keys/pgpass KEYS=$VAR/keys
	export PASSWORDS=$VAR/passwords.txt FUNCTIONS=$VAR/functions
	export RELAY_SOCKET=$run/relay.sock OPERATOR_SOCKET=$run/operator.sock
	scheme=$(nginx_scheme)
	[[ -z ${TLS_CERT-} ]] || scheme=https
	export PAGE_URL=${PAGE_URL:-$scheme://$(nginx_address)}
	DATABASE_URL=$(url_without_user "$owner_url")
	export DATABASE_URL
	unset KAFKA_BROKERS
	[[ $flavour == release ]] || export MEMORY_MB=0
	save_settings
}

# For who starts pools later; here they inherit.
save_settings() {
	:
}

start_functions() {
	local name

	for name in "$@"; do
		start_function "$name"
	done
	for name in "$@"; do
		ready "$name" 15 function_is_ready "$name" || return
	done
}

halt_function() {
	stop "$1" TERM 20
	rm -f "$run/$1.sock"
}

# Whom the operations page asks to act: fn act, as who started the stack, and in
# an environment of its own.  Whoever opens the socket may ask: of root's stack,
# the services' group.  socat's own words can't hold any path: names in the
# directory and PATH do.
start_operator() {
	local as_user=() listen=UNIX-LISTEN:operator.sock,fork,max-children=16

	listen+=,unlink-early,mode=0660
	(( EUID )) || listen+=,group=kith
	start operator env -i -C "$run" PATH="$root/infra:$PATH" \
		HOME="${HOME-/}" VAR="$VAR" STACK_FLAVOUR="$flavour" \
		socat "$listen" "EXEC:fn act,nofork"
	ready operator 5 test -S "$run/operator.sock"
}

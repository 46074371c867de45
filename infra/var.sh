# var.sh - where a stack lives: VAR, its ports and services; to be sourced.
#
# Sets VAR, run (the directory of sockets and pid files), built (that of what was
# built), tools (that of the programs which the stack itself runs), parts,
# listen, port, internal_port, hosts, edge, owner_url and brokers; the last two
# stay empty for services of our own.

# Belongs to the services' user from now on.
own() {
	(( EUID )) || chown kith: "$@"
}

user_dir() {
	mkdir -p "$@"
	own "$@"
}

# The services' user may not be able to reach a checkout of root's.
find_var() {
	if [[ ${VAR-} ]]; then
		VAR=$(realpath -m "$VAR")
	elif "${as_user[@]}" test -x "$root" 2>/dev/null; then
		VAR=$root/var
	else
		VAR=/var/tmp/kith-$(md5sum <<<"$root" | cut -c 1-8)
	fi
	run=$(realpath -m "$VAR/run")
	built=$root/build/$flavour/bin tools=$VAR/bin
}

# Sockets have short paths: 107 bytes at most.
make_run() {
	if (( ${#VAR} > 75 )) && [[ ! -d $VAR/run ]]; then
		ln -sfn "$(mktemp -d /tmp/kith.XXXXXX)" "$VAR/run"
	fi
	user_dir "$VAR/run/"
	run=$(realpath "$VAR/run")
}

make_var() {
	mkdir -p "$(dirname "$VAR")"
	[[ -e $VAR/ports || $(ls -A "$VAR" 2>/dev/null) == @(|keys) ]] ||
		die "$VAR is neither empty nor a stack's"
	[[ -d $VAR ]] || mkdir -m 700 "$VAR"
	[[ -O $VAR || $(stat -c %U "$VAR") == kith ]] ||
		die "$VAR belongs to somebody else"
	# What root's commands take for their own is not the services' to write.
	(( EUID )) || { chown root:kith "$VAR" && chmod 750 "$VAR"; }
	"${as_user[@]}" test -x "$VAR" ||
		die "the user kith can't reach $VAR: choose another VAR"
	mkdir -p "$VAR"/{ports,bin,functions}
	user_dir "$VAR/log"
	make_run
}

make_keys() {
	"$root/infra/keys" "$VAR/keys"
	own -R "$VAR/keys"
	# Functions have it mapped: cut short under them, it would kill them.
	cp "$root/runtime/passwords.txt" "$VAR/passwords.new"
	mv "$VAR/passwords.new" "$VAR/passwords.txt"
}

install_tools() {
	install "$built"/{pool,dead,token,settings} "$tools/"
}

# One up or down at a time, and nothing that fn does meanwhile.
lock() {
	exec 9>"$VAR/lock"
	flock -w 120 9 || die "another command has held $VAR/lock for 120 s"
}

# What of a stack is here, and on which address: as up was told.
find_place() {
	parts=$(cat "$VAR/ports/parts" 2>/dev/null) || parts=
	listen=$(cat "$VAR/ports/listen" 2>/dev/null) || listen=127.0.0.1
	hosts=$(cat "$VAR/ports/hosts" 2>/dev/null) || hosts=
	edge=$(cat "$VAR/ports/edge" 2>/dev/null) || edge=
}

# choose_place [PART...]: what up is told, or else was told before.
choose_place() {
	find_place
	[[ ! -e $VAR/stack.env || ${*:-$parts} == "$parts" ]] ||
		die "what is up in $VAR is ${parts:-all}: it must be down before"
	parts=${*:-$parts} listen=${LISTEN:-$listen}
	hosts=${HOSTS:-$hosts} edge=${EDGE:-$edge}
	[[ " $parts " != *" nginx "* || $hosts ]] ||
		die "nginx alone passes requests to HOSTS, which are not given"
	[[ " $parts " == *" nginx "* || -z $hosts ]] ||
		die "HOSTS are for nginx alone: stack up nginx"
	echo "$parts" >"$VAR/ports/parts"
	echo "$listen" >"$VAR/ports/listen"
	echo "$hosts" >"$VAR/ports/hosts"
	echo "$edge" >"$VAR/ports/edge"
	[[ " $parts " != *" kafka "* ]] || echo 9092 >"$VAR/ports/kafka"
}

has_part() {
	[[ -z $parts || " $parts " == *" $1 "* ]]
}

# Where a part listens that is used from other hosts only if it is there alone.
service_address() {
	if [[ $parts ]]; then echo "$listen"; else echo 127.0.0.1; fi
}

# Whose PostgreSQL and Kafka: the stack's own may be in the environment too,
# from its stack.env.
find_services() {
	local password ours

	password=$(cat "$VAR/database.password" 2>/dev/null) || password=' '
	ours=$(service_address):$(cat "$VAR/ports/kafka" 2>/dev/null) || ours=' '
	owner_url=${DATABASE_URL-} brokers=${KAFKA_BROKERS-}
	[[ $owner_url != *"$password"* ]] || owner_url=
	[[ $brokers != "$ours" ]] || brokers=
	[[ $owner_url == @(|postgres?(ql)://*) ]] ||
		die "DATABASE_URL must begin with postgresql://"
}

find_ports() {
	port=${PORT:-$(cat "$VAR/ports/public" 2>/dev/null || echo 8080)}
	if has_part nginx && [[ -z $(pid_of nginx) ]]; then
		halt nginx
		! listens "$port" "$listen" ||
			die "port $port is in use: choose another PORT"
	fi
	echo "$port" >"$VAR/ports/public"
	internal_port=$(choose_port internal nginx)
}

# stack.env is for shells and tests: where the parts are that are here.
write_env() {
	local url internal_url=http://127.0.0.1:$internal_port

	url=$(nginx_scheme)://$(nginx_address)
	(
		umask 077
		exec >"$VAR/stack.env.new"
		echo "export VAR=${VAR@Q}"
		if has_part nginx; then
			echo "export KITH_URL=${url@Q}"
			echo "export KITH_INTERNAL_URL=${internal_url@Q}"
		fi
		! has_part kafka || echo "export KAFKA_BROKERS=${brokers@Q}"
		! has_part postgres || echo "export DATABASE_URL=${owner_url@Q}"
	)
	mv "$VAR/stack.env.new" "$VAR/stack.env"
	if ! has_part nginx; then
		echo "The address of $parts is in $VAR/stack.env"
		return
	fi
	echo "Kith is at $url, its data and logs in $VAR"
	[[ $parts ]] ||
		echo "Operators: $url/ops, with what this prints:" \
			"infra/fn token NAME 'operations:read operations:write'"
}

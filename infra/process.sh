# process.sh - start, find and stop the processes of a stack; to be sourced.
#
# Each is the leader of a session of its own and known by run/NAME.pid: its pid
# and the time it was started, so that a pid that another process has got
# meanwhile is never taken for ours.  What a killed leader leaves behind is
# found by its session.
#
# Uses VAR, run (the directory of sockets and pid files) and as_user (a command
# prefix that drops to the services' user).  Sets started, the names of what this
# command has started.
started=()

# The 22nd field of /proc/PID/stat: start time in ticks since boot.  False if
# there is no such process or it has ended.
born() {
	local line fields

	{ read -r line <"/proc/$1/stat"; } 2>/dev/null || return
	read -ra fields <<<"${line##*) }"
	[[ ${fields[0]} != Z ]] && echo "${fields[19]}"
}

# The pid of NAME, if it runs.
pid_of() {
	local pid time

	{ read -r pid time <"$run/$1.pid"; } 2>/dev/null || return
	[[ $time && $(born "$pid") == "$time" ]] && echo "$pid"
}

# All that runs in the session of NAME, with or without its leader.
session_of() {
	local pid time now

	{ read -r pid time <"$run/$1.pid"; } 2>/dev/null || return 0
	now=$(born "$pid") || now=$time
	[[ $now == "$time" ]] || return 0
	cat /proc/[0-9]*/stat 2>/dev/null | awk -v session="$pid" '
		{ pid = $1; sub(/.*\) /, "") }
		$4 == session && $1 != "Z" { print pid }'
}

no_session_of() {
	[[ -z $(session_of "$1") ]]
}

# wait_for SECONDS COMMAND...: false if it was never true in that time.
wait_for() {
	local end=$((SECONDS + $1))

	shift
	until "$@"; do
		(( SECONDS < end )) || return
		sleep 0.05
	done
}

# kill_user SIGNAL PID...: a process that has gone meanwhile is no error.
kill_user() {
	"${as_user[@]}" bash -c 'kill -s "$@"' kill "$@" 2>/dev/null || true
}

# start NAME COMMAND...: its output goes to log/NAME.log.  bash lets what it
# starts in the background ignore SIGINT and SIGQUIT; env undoes that.
start() {
	local name=$1

	shift
	stop "$name" KILL 5
	setsid env --default-signal "${as_user[@]}" \
		bash -c 'exec "$@" >>"$0" 2>&1' "$VAR/log/$name.log" "$@" \
		</dev/null >/dev/null 2>&1 8>&- 9>&- &
	echo "$! $(born $!)" >"$run/$name.pid"
	started+=("$name")
}

# stop NAME SIGNAL SECONDS: the leader gets the signal; what is left of its
# session after that time is killed.
stop() {
	local name=$1 signal=$2 pid rest

	if pid=$(pid_of "$name"); then
		kill_user "$signal" "$pid"
		wait_for "$3" no_session_of "$name" ||
			echo "$name did not end within $3 s: killed" >&2
	fi
	mapfile -t rest < <(session_of "$name")
	if (( ${#rest[@]} )); then
		kill_user KILL "${rest[@]}"
		wait_for 5 no_session_of "$name"
	fi
	rm -f "$run/$name.pid"
}

# ready NAME SECONDS COMMAND...: wait until COMMAND is true; say why not.
ready() {
	local name=$1 seconds=$2

	shift 2
	wait_for "$seconds" gone_or "$name" "$@"
	[[ -n $(pid_of "$name") ]] && "$@" && return
	echo "$name is not ready; the end of its log:" >&2
	log_lines "$name" 20 >&2
	return 1
}

has_log() {
	[[ -e $VAR/log/$1.log ]]
}

# log_lines NAME COUNT [-F]: the last ones, and with -F what comes.
log_lines() {
	tail -q -n "$2" ${3+"$3"} "$VAR/log/$1.log"
}

# Where the log of NAME ends now, for log_since.
log_end() {
	stat -c %s "$VAR/log/$1.log" 2>/dev/null || echo 0
}

# log_since NAME END
log_since() {
	tail -c "+$(($2 + 1))" "$VAR/log/$1.log" 2>/dev/null || true
}

gone_or() {
	[[ -z $(pid_of "$1") ]] || "${@:2}"
}

# listens PORT [ADDRESS]
listens() {
	(exec 3<>"/dev/tcp/${2:-127.0.0.1}/$1") 2>/dev/null
}

# choose_port NAME SERVICE: prints the port that NAME had before, or a free one
# if SERVICE doesn't run and something else has taken it.
choose_port() {
	local port file=$VAR/ports/$1

	port=$(cat "$file" 2>/dev/null) || port=
	while [[ -z $port ]] ||
	      { [[ -z $(pid_of "$2") ]] && listens "$port"; }; do
		port=$((20000 + RANDOM % 10000))
	done
	echo "$port" | tee "$file"
}

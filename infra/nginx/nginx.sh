# nginx.sh - a stack's nginx; to be sourced after process.sh and functions.sh.
# Uses listen, port, internal_port, hosts, edge and the descriptions of the
# functions.

# TLS_CERT and TLS_KEY are remembered until the stack is down.
nginx_tls() {
	[[ ${TLS_CERT-} ]] || return 0
	cp "$TLS_CERT" "$VAR/nginx/tls.crt"
	(umask 077 && cp "${TLS_KEY?}" "$VAR/nginx/tls.key")
	own "$VAR/nginx/tls.key"
}

nginx_scheme() {
	if [[ -e $VAR/nginx/tls.crt ]]; then echo https; else echo http; fi
}

# Where it is reached from here.
nginx_address() {
	echo "${listen/#\*/127.0.0.1}:$port"
}

# nginx_describe NAME [OTHER FILE]: what nginx is told of NAME.  That is kept
# until NAME serves another release, whatever is current meanwhile; of the
# function OTHER it is what FILE has.
nginx_describe() {
	local kept=$VAR/nginx/functions/$1.json

	if [[ $1 == "${2-}" ]]; then
		kept=$3
	elif [[ ! -e $kept ]]; then
		[[ -e $VAR/functions/$1/current ]] || return 0
		describe "$1" current >"$kept.new"
		mv "$kept.new" "$kept"
	fi
	cat "$kept"
}

# Functions are asked anew.
nginx_forget() {
	rm -f "$VAR"/nginx/functions/*
}

# What nginx.conf should be, into nginx.conf.new; tested.  A function that was
# never deployed here has no part in it.  Arguments: as OTHER and FILE above.
nginx_configure() {
	local name tls=

	[[ $(nginx_scheme) == http ]] || tls="ssl http2"
	mkdir -p "$VAR/nginx/functions"
	for name in $(function_names); do
		nginx_describe "$name" "$@"
	done >"$VAR/nginx/functions.json"
	jq -rn --slurpfile functions "$VAR/nginx/functions.json" \
		--rawfile template "$root/infra/nginx/nginx.conf.in" \
		--arg run "$run" --arg tls "$tls" \
		--arg public "$listen:$port" --arg hosts "$hosts" \
		--arg edge "$edge" \
		--arg internal "127.0.0.1:$internal_port" \
		-f "$root/infra/nginx/nginx.jq" \
		>"$VAR/nginx/nginx.conf.new"
	nginx_run -t -q -c nginx.conf.new
}

# nginx_alone COMMAND...: nobody else works on its files meanwhile.
nginx_alone() {
	(
		flock 7
		"$@"
	) 7>>"$VAR/nginx/lock"
}

nginx_run() {
	"${as_user[@]}" nginx -p "$VAR/nginx" -e ../log/nginx.log "$@"
}

# What nginx serves itself: a copy, since the user kith may not reach root.  It
# takes the place of the one before in one step.
nginx_files() {
	local www=$VAR/nginx/www old new

	new=www.$(date +%s%N)
	mkdir "$VAR/nginx/$new"
	cp -r "$root"/api/*.yaml "$root/web" "$VAR/nginx/$new/"
	rm "$VAR/nginx/$new"/web/package*.json
	chmod -R a+rX "$VAR/nginx/$new"
	cp "$root/infra/nginx/errors.conf" "$VAR/nginx/"

	old=$(readlink "$www") || rm -rf "$www"
	ln -sfn "$new" "$www.new"
	mv -T "$www.new" "$www"
	[[ -z $old ]] || rm -r "$VAR/nginx/$old"
}

nginx_start() {
	user_dir "$VAR/nginx" "$VAR/nginx/tmp"
	nginx_files
	nginx_tls
	nginx_forget
	nginx_configure
	mv "$VAR/nginx/nginx.conf.new" "$VAR/nginx/nginx.conf"
	cp "$VAR/nginx/nginx.conf" "$VAR/nginx/loaded.conf"
	start nginx nginx -p "$VAR/nginx" -e ../log/nginx.log -c nginx.conf
	ready nginx 10 listens "$internal_port"
}

# Workers of nginx that take new connections.
nginx_workers() {
	local pid

	for pid in $(session_of nginx); do
		! grep -qs '^nginx: worker process' "/proc/$pid/cmdline" ||
		grep -qs 'shutting down' "/proc/$pid/cmdline" || echo "$pid"
	done
}

nginx_has_reloaded() {
	local pid

	for pid in $(nginx_workers); do
		[[ " $* " != *" $pid "* ]] || return
	done
}

# Only if what the functions say has changed.  loaded.conf is what nginx has, and
# was written after that, whoever is killed when.
nginx_update() {
	local new=$VAR/nginx/nginx.conf.new loaded=$VAR/nginx/loaded.conf old

	nginx_configure
	! cmp -s "$new" "$loaded" || return 0
	rm -f "$loaded"
	mv "$new" "$VAR/nginx/nginx.conf"
	mapfile -t old < <(nginx_workers)
	kill_user HUP "$(pid_of nginx)"
	wait_for 10 nginx_has_reloaded "${old[@]}"
	cp "$VAR/nginx/nginx.conf" "$loaded"
}

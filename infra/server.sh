# server.sh - what systemd does on a server, in the places of process.sh and
# others; to be sourced after them.
#
# Units are in infra/systemd.  All they read is written by root; no function can
# write but to its own directory, or read another's password.

find_var() {
	VAR=/var/lib/kith run=/run/kith built=$root/bin tools=$root/bin
}

make_var() {
	mkdir -p "$VAR"/{ports,functions} "$VAR/keys"
	install -d -m 700 "$VAR/passwords"
	install -d -m 750 -o kith -g adm /var/log/kith
	ln -sfn /var/log/kith "$VAR/log"
	systemd-tmpfiles --create kith.conf
	systemctl daemon-reload
}

# Those that issue tokens have the group kith-signing, notify-worker has kith-push.
make_keys() {
	local key group

	"$root/infra/keys" "$VAR/keys"
	while read -r key group; do
		chgrp "$group" "$VAR/keys/$key"
		chmod 640 "$VAR/keys/$key"
	done <<-EOF
		signing.pem kith-signing
		refresh kith-signing
		vapid.pem kith-push
		secret kith
	EOF
}

install_tools() {
	:
}

find_ports() {
	port=${PORT:-8080} internal_port=${INTERNAL_PORT:-9180}
	echo "$port" >"$VAR/ports/public"
	echo "$internal_port" >"$VAR/ports/internal"
}

unit_of() {
	case $1 in
	nginx|relay)	echo "kith-$1.service" ;;
	operator)	echo kith-operator.socket ;;
	*)		echo "kith@$1.service" ;;
	esac
}

# A service, and the socket of a function.
units_of() {
	unit_of "$1"
	[[ $1 == @(nginx|relay|operator) ]] || echo "kith@$1.socket"
}

pid_of() {
	local pid

	pid=$(systemctl show -P MainPID "$(unit_of "$1")")
	(( pid )) && echo "$pid"
}

session_of() {
	pgrep -P "$(pid_of "$1")" || true
}

start() {
	local names=("$1")

	enable_units
}

# Of names, all at once.
enable_units() {
	local name units=()

	for name in "${names[@]}"; do
		mapfile -t -O ${#units[@]} units < <(units_of "$name")
	done
	systemctl reset-failed "${units[@]}" 2>/dev/null || true
	started+=("${names[@]}")
	systemctl -q enable --now "${units[@]}"
}

start_operator() {
	local names=(operator)

	enable_units
}

start_functions() {
	local name names=("$@")

	enable_units
	for name in "$@"; do
		ready "$name" 15 function_is_ready "$name" || return
	done
}

stop() {
	local units

	mapfile -t units < <(units_of "$1")
	systemctl -q disable --now "${units[@]}"
}

# In a file, beside which systemd reads kith.conf; this one has no password.
save_settings() {
	local name

	export PASSWORDS=$root/runtime/passwords.txt
	(
		umask 077
		for name in KEYS PASSWORDS FUNCTIONS RELAY_SOCKET \
			OPERATOR_SOCKET PAGE_URL DATABASE_URL; do
			echo "$name='${!name}'"
		done >"$VAR/environment.new"
	)
	mv "$VAR/environment.new" "$VAR/environment"
}

has_log() {
	:
}

log_lines() {
	journalctl -q -o cat -u "$(unit_of "$1")" -n "$2" ${3+-f}
}

log_end() {
	echo "@$EPOCHREALTIME"
}

log_since() {
	journalctl --sync
	journalctl -q -o cat -u "$(unit_of "$1")" --since "$2"
}

# All passwords are root's; of the role of NAME systemd gives NAME the line.
migrate() {
	local release role

	PASSWORDS_FILE=$PGPASSFILE "$root/infra/migrate" "$owner_url" \
		"${@/#/$VAR/functions/}"
	for release in "$@"; do
		role=$(sed -n 's/^DATABASE_ROLE=//p' \
			"$VAR/functions/$release/function.conf")
		(umask 077 && grep "^\*:\*:\*:$role:" "$PGPASSFILE" \
			>"$VAR/passwords/${release%%/*}" || true)
	done
}

# As kith, but for ports below 1024.
nginx_run() {
	setpriv --reuid=kith --regid=kith --init-groups --no-new-privs \
		--inh-caps=+net_bind_service --ambient-caps=+net_bind_service \
		nginx -p "$VAR/nginx" -e ../log/nginx.log "$@"
}

# Another certificate has nginx reload.
nginx_tls() {
	local old

	old=$(cat "$VAR"/nginx/tls.* 2>/dev/null) || true
	if [[ ${TLS_CERT-} ]]; then
		install -m 644 "$TLS_CERT" "$VAR/nginx/tls.crt"
		install -m 400 -o kith -g kith "${TLS_KEY?}" "$VAR/nginx/tls.key"
	else
		rm -f "$VAR"/nginx/tls.*
	fi
	[[ $old == "$(cat "$VAR"/nginx/tls.* 2>/dev/null)" ]] ||
		rm -f "$VAR/nginx/loaded.conf"
}

(( EUID == 0 )) || [[ ${1-help} == help ]] || die "must be root"
export LISTEN=${LISTEN:-*}
# The tools act for all functions.
(( EUID )) || as_user=(setpriv --reuid=kith --regid=kith
	--groups=kith,kith-signing --no-new-privs)

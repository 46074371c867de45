# postgres.sh - a stack's own PostgreSQL; to be sourced after process.sh.

pgbin=/usr/lib/postgresql/15/bin

# Make the cluster, and in single-user mode its owner and database: complete or
# not at all.
postgres_create() {
	local new=$VAR/postgres.new password

	[[ ! -e $VAR/postgres ]] || return 0
	password=$(openssl rand -hex 24)
	rm -rf "$new"
	user_dir "$new"
	"${as_user[@]}" "$pgbin/initdb" -D "$new" --username=postgres \
		--encoding=UTF8 --locale=C.UTF-8 --data-checksums \
		--auth=reject >>"$VAR/log/initdb.log" 2>&1
	"${as_user[@]}" "$pgbin/postgres" --single -D "$new" postgres \
		>>"$VAR/log/initdb.log" 2>&1 <<-EOF
		CREATE ROLE kith_owner LOGIN CREATEROLE PASSWORD '$password';
		CREATE DATABASE kith OWNER kith_owner;
	EOF
	(umask 077 && echo "$password" >"$VAR/database.password")
	mv "$new" "$VAR/postgres"
}

# The children of a killed postmaster leave by themselves, a little later.
postgres_is_gone() {
	local cwd

	[[ -z $(pid_of postgres) ]] || return
	for cwd in /proc/[0-9]*/cwd; do
		[[ ! $cwd -ef $VAR/postgres ]] || return
	done
}

postgres_start() {
	local address=

	postgres_create
	wait_for 10 postgres_is_gone || die "an old PostgreSQL does not leave"
	rm -rf "$VAR/postgres/postmaster.pid" "$run/postgres"
	user_dir "$run/postgres"
	cp "$root"/infra/postgres/*.conf "$VAR/postgres/"
	[[ -z $parts ]] || address=$(service_address)
	start postgres "$pgbin/postgres" -D "$VAR/postgres" \
		-k "$run/postgres" -h "$address"
	ready postgres 60 "$pgbin/pg_isready" -q -h "$run/postgres"
}

# The URL of the stack's own database for its owner.
postgres_url() {
	local user

	user=postgresql://kith_owner:$(<"$VAR/database.password")
	if [[ $parts ]]; then
		echo "$user@$(service_address):5432/kith"
	else
		echo "$user@/kith?host=$(
			jq -rn --arg path "$run/postgres" '$path | @uri')"
	fi
}

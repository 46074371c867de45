# base.sh - what stack and fn begin with; to be sourced with root, the checkout,
# or /usr/lib/kith of the package, where systemd runs what stack runs elsewhere.
#
# Sets flavour, which build, and as_user, a command prefix that drops to the
# services' user.
set -euo pipefail
umask 022
export LC_ALL=C.UTF-8
PATH=$PATH:/usr/sbin:/sbin

flavour=${STACK_FLAVOUR:-release}
as_user=()
(( EUID )) || as_user=(setpriv --reuid=kith --regid=kith --init-groups
	--no-new-privs)

die() {
	echo "${0##*/}: $*" >&2
	exit 1
}

# step TITLE COMMAND...
step() {
	local begin=${EPOCHREALTIME/./} title=$1

	shift
	"$@"
	printf '%-24s %5d ms\n' "$title" \
		$(((${EPOCHREALTIME/./} - begin) / 1000))
}

# shellcheck source=infra/var.sh
. "$root/infra/var.sh"
# shellcheck source=infra/process.sh
. "$root/infra/process.sh"
# shellcheck source=infra/functions.sh
. "$root/infra/functions.sh"
# shellcheck source=infra/nginx/nginx.sh
. "$root/infra/nginx/nginx.sh"
if [[ $root == /usr/lib/kith ]]; then
	# shellcheck source=infra/server.sh
	. "$root/infra/server.sh"
fi

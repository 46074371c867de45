# fn build [NAME] - compile one function, or all
#
# STACK_FLAVOUR (release) says which build.
fn_build() {
	words "" "$@"
	if (( ${#word[@]} )); then
		find_function
		build_program
	else
		make -C "$root" --no-print-directory FLAVOUR="$flavour" build
	fi
}

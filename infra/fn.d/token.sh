# fn token NAME SCOPE [DAYS]|list|revoke NAME - tokens of services
#
# Makes one, for 90 days unless told, and prints it this once; lists name, scope,
# times and state of all; ends one within a second.  The scope is
# notifications:send.
fn_token() {
	find_stack
	run_tool token "$@"
}

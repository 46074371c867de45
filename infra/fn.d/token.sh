# fn token NAME SCOPE [DAYS]|list|revoke NAME - tokens of services
#
# Makes one, for 90 days unless told, and prints it this once; lists name, scope,
# times and state of all; ends one within a second.  SCOPE is words of these:
# notifications:send, operations:read, operations:write.  The operations page
# takes one of "operations:read operations:write", or operations:read to look.
fn_token() {
	find_stack
	run_tool token "$@"
}

# fn act - do what the operations page asks: scale, roll back
#
# Reads one line, and nothing after it, within 5 s from standard input:
#
#	scale NAME N|MIN..MAX
#	rollback NAME [VERSION]
#
# and prints one JSON object, {"code": exit code of that command, "output": its
# last lines}.  Anything else is not done: exit code 2.  Who asked does not wait
# for ever: if others work on the function for LOCK_S (10), it fails.  Whoever can
# write to it may do these things: infra/stack has it behind a socket of the
# services.
fn_act() {
	local text='' code=0 output
	local name='[a-z][a-z0-9_-]{0,30}' version='[A-Za-z0-9_][A-Za-z0-9._-]{0,62}'
	local scale="scale $name [0-9]{1,2}(\.\.[0-9]{1,2})?"
	local rollback="rollback $name( $version)?"

	words "" "$@"
	(( ${#word[@]} == 0 )) || usage
	# Status 0 would be a NUL or too much; over 128, too late.
	IFS= read -r -d '' -t 5 -n 256 text || code=$?
	if (( code != 1 )) || [[ ! $text =~ ^($scale|$rollback)$'\n'$ ]]; then
		act_outcome 2 "this is no request of fn act"
		exit 2
	fi
	code=0
	read -ra word <<<"$text"
	output=$(LOCK_S=${LOCK_S:-10} "$root/infra/fn" "${word[@]}" \
		</dev/null 2>&1) || code=$?
	act_outcome "$code" "$(tail -n 20 <<<"$output" | tail -c 4000)"
}

act_outcome() {
	jq -cn --argjson code "$1" --arg output "$2" '{$code, $output}'
}

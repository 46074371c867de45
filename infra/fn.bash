# fn.bash - completion of fn; to be sourced by bash.

# Functions come from the checkout that fn is of, releases and settings from the
# stack that is up.
_fn_words() {
	local fn
	fn=$(type -P "$1") || return 0

	case $2:$3 in
	1:* | 2:help)	"$fn" help | cut -d ' ' -f 2 ;;
	2:dlq)	echo list replay drop ;;
	2:token)
		echo list revoke ;;
	2:act)	;;
	2:build | 2:deploy | 2:rollback | 2:releases | 2:scale | 2:status | \
		2:logs | 2:config | 2:dev | 2:upgrade)
		"$fn" list --json | jq -r '.[].name' ;;
	3:rollback)
		"$fn" releases "$4" --json | jq -r '.[].version' ;;
	*:config)
		"$fn" config "$4" --json | jq -r '.[].name + "="' ;;
	*)	echo --json ;;
	esac 2>/dev/null
}

_fn() {
	local word=${COMP_WORDS[COMP_CWORD]} words

	words=$(_fn_words "${COMP_WORDS[0]}" "$COMP_CWORD" \
		"${COMP_WORDS[1]-}" "${COMP_WORDS[2]-}")
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
	[[ ${COMPREPLY[*]} != *= ]] || compopt -o nospace
}

complete -F _fn fn

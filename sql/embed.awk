# embed.awk - turn a .sql file into a C header of db_stmt constants.
#
#	awk -f sql/embed.awk functions/login/login.sql >login.sql.h
#
# "-- name: x" starts the statement sql_x, which ends at the next one.  Left out
# are the last semicolon and comments, which have lines of their own.
# Parameters are $1 to $n.

function fail(message)
{
	printf "%s:%d: %s\n", FILENAME, FNR, message >"/dev/stderr"
	failed = 1
	exit 1
}

# The highest parameter.
function highest(text,    n, m)
{
	while (match(text, /\$[0-9]+/)) {
		m = substr(text, RSTART + 1, RLENGTH - 1) + 0
		n = m > n ? m : n
		text = substr(text, RSTART + RLENGTH)
	}
	return n + 0
}

function finish(    bare)
{
	if (name == "")
		return
	sub(/;?[ \n]*$/, "", text)
	bare = text
	gsub(/'[^']*'|"[^"]*"/, "", bare)
	if (text == "")
		fail("statement " name " is empty")
	if (bare ~ /--|\/\*/)
		fail("a comment in " name " has no line of its own")
	if (bare ~ /;/)
		fail("statement " name " is more than one")

	gsub(/[\\"]/, "\\\\&", text)
	gsub(/\n/, "\\n\"\n\t\"", text)
	printf "\nstatic const struct db_stmt sql_%s = {\n", name
	printf "\t\"%s\",\n\t\"%s\",\n\t%d\n};\n", name, text, highest(bare)
}

BEGIN {
	guard = toupper(ARGV[1]) "_H"
	gsub(/[^A-Z0-9]/, "_", guard)
	print "/* Made by sql/embed.awk from " ARGV[1] ". */"
	print "#ifndef " guard "\n#define " guard
	print "\n#include \"runtime/db.h\""
}

/^[ \t]*--[ \t]*name[ \t]*:/ {
	finish()
	if ($0 !~ /^-- name: [a-z][a-z0-9_]*$/)
		fail("a name is lower-case letters, digits and _")
	name = $3
	text = ""
	if (name in seen)
		fail("statement " name " is there twice")
	seen[name] = 1
	next
}

/^[ \t]*--/ || /^[ \t]*$/ { next }

name == "" { fail("text before the first \"-- name:\"") }

{
	gsub(/\t/, " ")
	text = text == "" ? $0 : text "\n" $0
}

END {
	if (!failed) {
		finish()
		print "\n#endif"
	}
}

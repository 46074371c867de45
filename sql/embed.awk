# embed.awk - turn a .sql file into a C header of db_stmt constants.
#
#	awk -f sql/embed.awk functions/login/login.sql >login.sql.h
#
# "-- name: x" starts the statement sql_x, which ends at the next one.  Comment
# lines and the last semicolon are left out; parameters are $1 to $n.

function fail(message)
{
	printf "%s:%d: %s\n", FILENAME, FNR, message >"/dev/stderr"
	failed = 1
	exit 1
}

# The highest parameter, but for those in quotes.
function highest(text,    n, m)
{
	gsub(/'[^']*'/, "", text)
	for (n = 0; match(text, /\$[0-9]+/); text = substr(text, RSTART + RLENGTH)) {
		m = substr(text, RSTART + 1, RLENGTH - 1) + 0
		n = m > n ? m : n
	}
	return n
}

function finish()
{
	if (name == "")
		return
	sub(/;[ \t\n]*$/, "", text)
	if (text == "")
		fail("statement " name " is empty")
	nargs = highest(text)
	gsub(/\\/, "&&", text)
	gsub(/"/, "\\\"", text)
	gsub(/\n/, "\\n\"\n\t\"", text)
	printf "\nstatic const struct db_stmt sql_%s = {\n\t\"%s\",\n\t\"%s\",\n\t%d\n};\n",
		name, name, text, nargs
	name = text = ""
}

BEGIN { print "/* Made from the .sql file of this name. */\n#include \"runtime/db.h\"" }

/^-- name:/ {
	finish()
	name = $3
	if (name !~ /^[a-z][a-z0-9_]*$/ || NF != 3)
		fail("a name is lower-case letters, digits and _")
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

END { if (!failed) finish() }

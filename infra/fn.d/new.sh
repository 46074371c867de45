# fn new NAME - make a function that works, with its test
#
# functions/NAME: a route GET /NAME, a statement, function.conf; and
# tests/unit/NAME_test.c.  Lower-case letters and digits make a NAME.  Nothing
# that exists is changed.
fn_new() {
	words "" "$@"
	(( ${#word[@]} == 1 )) || usage
	name=${word[0]}
	name_is_free
	make_function
}

# Names are parts of C's, of the role kith_NAME and of the path /NAME.
name_is_free() {
	[[ $name =~ ^[a-z][a-z0-9]{1,23}$ ]] || {
		echo "fn: a name has 2 to 24 lower-case letters and digits" >&2
		exit 2
	}
	[[ $name != @(relay|pool|dead|token|settings|nginx|postgres|kafka|owner|function) ]] ||
		die "the name '$name' is taken"
	[[ ! -e $root/functions/$name ]] || die "functions/$name exists"
	! compgen -G "$root/tests/unit/${name}_*" >/dev/null ||
		die "tests/unit/${name}_* are another's"
	! grep -lF "\"/$name\"" "$root"/functions/*/*.c ||
		die "the path /$name is taken there"
}

make_function() {
	local file new

	mkdir "$root/functions/$name"
	for file in "$root"/infra/fn.new/*; do
		new=functions/$name/$(basename "${file/@NAME@/$name}")
		[[ $new != *_test.c ]] || new=tests/unit/${new##*/}
		sed "s/@NAME@/$name/g" "$file" >"$root/$new"
		echo "$new"
	done
}

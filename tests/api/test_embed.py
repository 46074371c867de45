"""sql/embed.awk makes C constants of .sql files; what is unclear it refuses."""
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).parents[2]


def embed(path, sql):
    path.write_text(sql)
    return subprocess.run(["awk", "-f", ROOT / "sql/embed.awk", path],
                          text=True, capture_output=True)


@pytest.fixture
def compiled(tmp_path):
    """compiled(sql, name): the statement's name, text and parameters in C."""
    def compiled(sql, name):
        made = embed(tmp_path / "x.sql", sql)
        assert made.returncode == 0, made.stderr
        (tmp_path / "x.sql.h").write_text(made.stdout)
        (tmp_path / "x.c").write_text(
            '#include <stdio.h>\n#include "x.sql.h"\nint main(void) {'
            ' printf("%s\\n%d\\n%s", x.name, x.nargs, x.sql); }')
        subprocess.run(["cc", "-std=gnu17", f"-I{ROOT}", f"-Dx=sql_{name}",
                        "-o", tmp_path / "x", tmp_path / "x.c"], check=True)
        lines = subprocess.check_output([tmp_path / "x"], text=True)
        name, nargs, text = lines.split("\n", 2)
        return name, text, int(nargs)
    return compiled


FILE = r"""-- A file begins with a comment.

-- name: first
-- What it is for.
SELECT 1;

-- name: second_2
SELECT $2, $10, '$11', "a\b"
	-- in between
  FROM t; 
"""


def test_a_name_starts_a_statement_that_ends_at_the_next(compiled):
    assert compiled(FILE, "first") == ("first", "SELECT 1", 0)


def test_text_and_the_highest_parameter_come_through(compiled):
    assert compiled(FILE, "second_2") == (
        "second_2", "SELECT $2, $10, '$11', \"a\\b\"\n  FROM t", 10)


@pytest.mark.parametrize("line, message, sql", [
    (3, "statement a is there twice", "-- name: a\nSELECT 1;\n-- name: a\n"),
    (1, 'text before the first "-- name:"', "SELECT 1;\n-- name: a\nSELECT 1"),
    (2, "statement a is empty", "-- name: a\n-- Nothing.\n"),
    (2, "statement a is empty", "-- name: a\n;\n"),
    (2, "statement a is empty", "-- name: a\n-- name: b\nSELECT 1;\n"),
    (1, "a name is lower-case letters", "-- name: A\nSELECT 1;\n"),
    (1, "a name is lower-case letters", "-- name: a b\nSELECT 1;\n"),
    (1, "a name is lower-case letters", "-- name:\nSELECT 1;\n"),
])
def test_what_is_unclear_is_refused_where_it_is(tmp_path, line, message, sql):
    made = embed(tmp_path / "x.sql", sql)
    assert made.returncode == 1
    assert f"x.sql:{line}: {message}" in made.stderr

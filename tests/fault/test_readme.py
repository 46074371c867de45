"""The README's example of a new function, built by following it."""
import os
import pathlib
import re
import shutil
import subprocess

import requests

ROOT = pathlib.Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"^`([^`\n]*hello[^`\n]*)`\n\n```\w*\n(.*?)^```$",
                   re.M | re.S)


def run(checkout, *command, **environment):
    subprocess.run(command, cwd=checkout, check=True, timeout=120,
                   env={**os.environ, **environment})


def copy_with_hello(checkout):
    """A checkout that was built before, and what README.md has one write."""
    shutil.copy2(ROOT / "Makefile", checkout)
    for name in ("api", "functions", "infra", "runtime", "sql", "tests",
                 "build/test"):
        shutil.copytree(ROOT / name, checkout / name)

    lines = 0
    for name, text in BLOCK.findall((ROOT / "README.md").read_text()):
        (checkout / name).parent.mkdir(exist_ok=True)
        (checkout / name).write_text(text)
        lines += text.count("\n")
    return lines


def test_a_new_function_is_a_directory_of_60_lines_at_most(tmp_path):
    assert 0 < copy_with_hello(tmp_path) <= 60
    run(tmp_path, "make", "-s", "programs", "FLAVOUR=test")
    run(tmp_path, "infra/stack", "deploy", "ops", STACK_FLAVOUR="test")
    try:
        run(tmp_path, "infra/stack", "deploy", "hello", STACK_FLAVOUR="test")
        answer = requests.get(os.environ["KITH_URL"] + "/hello?name=Ann",
                              timeout=5)
        assert answer.json() == {"hello": "Ann"}
        run(tmp_path, "build/test/tests/hello_test",
            OWNER_URL=os.environ["DATABASE_URL"],
            DATABASE_URL=re.sub("//[^@]*@", "//", os.environ["DATABASE_URL"]),
            PGPASSFILE=os.environ["VAR"] + "/keys/pgpass",
            KEYS=os.environ["VAR"] + "/keys",
            PASSWORDS=os.environ["VAR"] + "/passwords.txt")
    finally:
        run(tmp_path, "infra/stack", "down", "hello")
        shutil.rmtree(os.environ["VAR"] + "/functions/hello",
                      ignore_errors=True)

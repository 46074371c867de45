"""Answers of other sites that a browser posts: they reach the page unchanged."""
import os
import pathlib
import secrets

import pytest

from kith import assert_problem, wait_until

FORM = "application/x-www-form-urlencoded"


def post(kith, body, media=FORM):
    return kith.post("/oauth/callback", body, headers={"Content-Type": media})


def test_the_longest_answer_reaches_the_page_and_no_log(kith):
    start = f"state={secrets.token_hex()}&user=%7B%22name%22%3A+"
    body = start.ljust(4096, "~")
    answer = post(kith, body, FORM + "; charset=UTF-8")
    assert answer.status_code == 303
    page, _, passed_on = answer.headers["Location"].partition("#/oauth?")
    assert passed_on == body
    assert page == kith.base

    log = pathlib.Path(os.environ["VAR"], "log")
    wait_until(lambda: answer.headers["X-Request-Id"] in
               (log / "access.log").read_text(), 5)
    for path in log.iterdir():
        assert start[:40] not in path.read_text(errors="replace")


@pytest.mark.parametrize("body, code", [
    ("", "too_short"),
    ("a" * 4097, "too_long"),
    ("code=a\r\nSet-Cookie: a=b", "not_allowed"),
    ("code=a\n", "not_allowed"),
    ("code=a\0", "not_allowed"),
    ("code=a#b", "not_allowed"),
    ("code=a b", "not_allowed"),
    ("code=\u00e4".encode(), "not_allowed"),
])
def test_what_no_browser_posts_is_refused(kith, body, code):
    answer = post(kith, body)
    assert_problem(answer, 422, "invalid", **{"": code})
    assert "Location" not in answer.headers


def test_another_type_or_size_is_refused(kith):
    assert_problem(post(kith, "code=a", "application/json"), 415,
                   "unsupported_media_type")
    assert_problem(post(kith, "code=a", "multipart/form-data; boundary=a"),
                   415, "unsupported_media_type")
    assert_problem(post(kith, "a" * 65536), 413, "too_large")

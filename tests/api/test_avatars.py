"""Avatars through nginx: what goes in, what comes out, and for how long."""
import base64
import concurrent.futures
import struct
import uuid
import zlib

import pytest

from kith import assert_problem, at_once, wait_until

JPEG = base64.b64decode(        # one grey pixel
    "/9j/2wBDAP////////////////////////////////////////////////////////////"
    "//////////////////////////wAALCAABAAEBAREA/8QAFAABAAAAAAAAAAAAAAAAAAAA"
    "AP/EABQQAQAAAAAAAAAAAAAAAAAAAAD/2gAIAQEAAD8AP//Z")
MAX_BYTES = 5 * 1024 * 1024
GONE_S = 3                      # nginx keeps an image for two


def chunk(name, data):
    return (struct.pack(">I", len(data)) + name + data +
            struct.pack(">I", zlib.crc32(name + data)))


def png(width, height, shade=0, rows=None, extra=b""):
    """Of one grey; rows: how many there really are."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    row = b"\0" + bytes([shade]) * width
    pixels = row * (height if rows is None else rows)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra +
            chunk(b"IDAT", zlib.compress(pixels)) + chunk(b"IEND", b""))


def with_exif(jpeg, text):
    """With a GPS directory (EXIF 2.3, 4.6.6) whose area name is text."""
    gps = struct.pack("<HHHII", 1, 28, 7, len(text), 44) + bytes(4)
    tiff = (b"II*\0" + struct.pack("<IHHHII", 8, 1, 0x8825, 4, 1, 26) +
            bytes(4) + gps + text)
    exif = b"Exif\0\0" + tiff
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + \
        jpeg[2:]


def upload(kith, account, image, media="image/png", **headers):
    return kith.post("/user/me/avatar", data=image, headers={
        "Content-Type": media} | account.bearer | headers)


@pytest.fixture
def owner(kith, account):
    """Somebody with an avatar, and its path."""
    owner = account()
    return owner, upload(kith, owner, png(300, 200)).json()["avatar"]


def test_an_avatar_is_seen_by_all_and_kept_for_ever(kith, account, owner):
    owner, path = owner
    profile = kith.get(f"/user/{owner.id}", headers=account().bearer).json()
    image = kith.get(path)
    assert profile["avatar"] == path
    assert image.headers["Content-Type"] == "image/webp"
    assert image.headers["Cache-Control"] == (
        "public, max-age=31536000, immutable")
    assert image.content[:4] == b"RIFF" and image.content[8:12] == b"WEBP"


def test_head_and_get_of_an_avatar_agree(kith, owner):
    _, path = owner
    for first, second in ("head", "get"), ("get", "head"):
        answers = {name: getattr(kith, name)(path) for name in (first, second)}
        assert answers["head"].content == b""
        assert answers["get"].content
        assert (answers["head"].headers["Content-Length"] ==
                str(len(answers["get"].content)))


def test_nginx_answers_for_the_function(kith, internal, owner):
    """Of many requests at once the function sees a few."""
    def seen():
        return sum(float(line.split()[-1])
                   for line in internal.get("/metrics").text.splitlines()
                   if line.startswith("kith_requests_total{")
                   and 'route="GET /avatars/{id}.webp"' in line)

    before = seen()
    for _ in range(100):
        assert kith.get(owner[1]).status_code == 200
    assert 1 <= seen() - before <= 20


def test_where_a_photo_was_taken_is_not_told(kith, account):
    canary = b"CANARY" + uuid.uuid4().bytes
    photo = with_exif(JPEG, canary)
    assert canary in photo
    path = upload(kith, account(), photo, "image/jpeg").json()["avatar"]
    image = kith.get(path).content
    for trace in canary, b"EXIF", b"Exif", b"XMP", b"ICCP":
        assert trace not in image


@pytest.mark.parametrize("change", ["replace", "unset", "delete"])
def test_an_image_that_is_gone_is_soon_nowhere(kith, database, owner, change):
    owner, path = owner
    assert kith.get(path).status_code == 200
    if change == "replace":
        upload(kith, owner, png(300, 200, shade=99))
    elif change == "unset":
        kith.put("/user/me", json={}, headers=owner.bearer)
    else:
        kith.delete("/user/me", json={"password": owner.password},
                    headers=owner.bearer)
    with database.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM profile.avatar"
                       " WHERE profile.avatar_path(name) = %s", [path])
        assert cursor.fetchone() == (0,)
    wait_until(lambda: kith.get(path).status_code == 404, GONE_S)


def test_what_was_never_there_is_404(kith, owner):
    _, path = owner
    for other in (f"/avatars/{uuid.uuid4()}.webp", path.upper(), path + "x",
                  path.removesuffix(".webp"), "/avatars/", "/avatars/x.webp"):
        assert_problem(kith.get(other), 404, "not_found")


@pytest.mark.parametrize("image, media, code", [
    (b"", "image/png", "not_an_image"),
    (b"GIF89a\1\0\1\0\0\0\0;", "image/png", "not_an_image"),
    (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/webp",
     "not_an_image"),
    (JPEG, "image/png", "not_an_image"),
    (png(10, 10), "image/jpeg", "not_an_image"),
    (png(10, 10)[:-30], "image/png", "not_an_image"),
    (png(100, 100, rows=50), "image/png", "not_an_image"),
    (JPEG[:-8], "image/jpeg", "not_an_image"),
    (png(10, 10, extra=chunk(b"acTL", bytes(8))), "image/png", "animated"),
    (png(6000, 6000, rows=0), "image/png", "too_many_pixels"),
    (png(20000, 10, rows=0), "image/png", "too_many_pixels"),
    (png(2**31 - 1, 2**31 - 1, rows=0), "image/png", None),
], ids=str)
def test_what_is_no_image_is_refused_and_changes_nothing(
        kith, account, image, media, code):
    mine = account()
    answer = upload(kith, mine, image, media)
    assert answer.json()["errors"][0]["code"] in (
        [code] if code else ["not_an_image", "too_many_pixels"])
    assert_problem(answer, 422, "invalid",
                   **{"": answer.json()["errors"][0]["code"]})
    assert kith.get("/user/me", headers=mine.bearer).json()["avatar"] is None


def test_an_upload_has_5_megabytes_at_most(kith, account):
    mine = account()
    small = png(10, 10)
    filler = bytes(MAX_BYTES - len(small) - 12)
    largest = png(10, 10, extra=chunk(b"kiTh", filler))
    assert len(largest) == MAX_BYTES
    assert upload(kith, mine, largest).status_code == 201
    assert_problem(upload(kith, mine, largest + b"x"), 413, "too_large")


@pytest.mark.parametrize("media", ["application/json", "image/gif", "x"])
def test_other_media_are_refused(kith, account, media):
    assert_problem(upload(kith, account(), png(10, 10), media), 415,
                   "unsupported_media_type")


def test_an_upload_needs_a_token(kith, owner):
    answer = kith.post("/user/me/avatar", data=png(10, 10),
                       headers={"Content-Type": "image/png"})
    assert_problem(answer, 401, "unauthorized")


def test_uploads_at_once_leave_one_image(kith, account, database):
    mine = account()
    images = iter([png(100, 100, shade=30 * i) for i in range(8)])
    answers = at_once(8, lambda: upload(kith, mine, next(images)))
    assert {a.status_code for a in answers} <= {201, 503}
    path = kith.get("/user/me", headers=mine.bearer).json()["avatar"]
    with database.cursor() as cursor:
        cursor.execute("SELECT profile.avatar_path(name) FROM profile.avatar"
                       " WHERE user_id = %s", [mine.id])
        assert cursor.fetchall() == [(path,)]


def test_decoding_takes_time_from_nobody(kith, account, owner):
    """Avatars are served while the largest there may be are decoded."""
    mine, image = account(), png(5792, 5792)
    with concurrent.futures.ThreadPoolExecutor(4) as threads:
        uploads = [threads.submit(upload, kith, mine, image)
                   for _ in range(4)]
        while not all(u.done() for u in uploads):
            assert kith.get(owner[1]).status_code == 200
    assert {u.result().status_code for u in uploads} <= {201, 503}

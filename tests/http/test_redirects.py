# SPDX-License-Identifier: Apache-2.0
"""Redirects: their list, creation, changes, removal, and the rules of their URLs. Spec: platform.md 4.5-4.9, 5"""

import posixpath
import random
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlparse

import pytest

from support.api import Caller, at_once, check_error, total_headers, unique
from support.platform import REDIRECTS, STALE, TARGET, etag_of_time, redirect_path

OTHER_TARGET = "https://code.example.org/a"


def source_url() -> str:
    return f"/projects/ns/{unique('slug')}"


def create(caller: Caller, source: str | None = None, target: str = TARGET) -> dict:
    body = {"source_url": source or source_url(), "target_url": target}
    response = caller.post(REDIRECTS, json=body)
    assert response.status_code == 201, response.text
    return response.json()


# --- 4.5 the list --------------------------------------------------------------------------------


# Spec: platform.md 4.5, 7 (5), 7 (8)
def test_the_list_is_whole_whatever_the_page(root, own_rows):
    own_rows.run("DELETE FROM platform.url_redirects")
    response = root.get(REDIRECTS)
    assert (response.json(), total_headers(response)) == ([], (1, 20, 0, 0))
    created = [create(root) for _ in range(5)]
    for query, headers in {
        "": (1, 20, 5, 1),
        "?page=2&per_page=2": (2, 2, 5, 3),
        "?page=9&per_page=5": (9, 5, 5, 1),
    }.items():
        response = root.get(f"{REDIRECTS}{query}")
        assert (response.json(), total_headers(response)) == (created, headers)
        assert "etag" not in response.headers


# Spec: platform.md 4.5
@pytest.mark.parametrize(
    "query",
    [
        "page=0",
        "page=-1",
        "page=x",
        "per_page=0",
        "per_page=101",
        "unknown=1",
        "page=9223372036854775807&per_page=100",
    ],
)
def test_bad_pages_are_refused(root, query):
    check_error(root.get(f"{REDIRECTS}?{query}"), 422)


# Spec: platform.md 4.5, 7 (8): the query of who may not list is not looked at
def test_the_list_is_for_administrators(own, somebody):
    check_error(own.anonymous().get(f"{REDIRECTS}?page=0"), 401)
    check_error(somebody.get(f"{REDIRECTS}?page=0"), 403)


# --- 4.6 one redirect ----------------------------------------------------------------------------


# Spec: platform.md 3.1, 4.6, 7 (6), 7 (8)
def test_everybody_gets_a_redirect(own, somebody, root, own_rows):
    redirect = create(root)
    source = redirect["source_url"]
    when = own_rows.one(
        "SELECT updated_at FROM platform.url_redirects WHERE source_url = %s", source
    )
    assert redirect == {
        "etag": etag_of_time(when),
        "source_url": source,
        "target_url": TARGET,
    }
    for caller in (own.anonymous(), somebody, root):
        for path in (redirect_path(source), f"{REDIRECTS}/{source.replace('/', '%2f')}"):
            response = caller.get(path, headers={"if-none-match": redirect["etag"]})
            assert (response.status_code, response.json()) == (200, redirect)
            assert "etag" not in response.headers


# Spec: platform.md 4.6: decoded once, not validated, not normalised
@pytest.mark.parametrize(
    "path, shown",
    [
        ("nothing", "nothing"),
        ("%2Fprojects%2Fa%2F", "/projects/a/"),
        ("a+b", "a+b"),
        ("%252F", "%2F"),
        ("%zz", "%zz"),
        ("%C3%A4%20'%22", "ä '\""),
        ("%ff", "\ufffd"),
    ],
)
def test_an_unknown_redirect_is_named_as_it_came(nobody, path, shown):
    message = f"A redirect for '{shown}' does not exist or you do not have access to it."
    check_error(nobody.get(f"{REDIRECTS}/{path}"), 404, message)


# Spec: platform.md 4.6: plain slashes are another path
def test_a_source_with_plain_slashes_is_another_path(nobody, root):
    redirect = create(root)
    check_error(nobody.get(f"{REDIRECTS}{redirect['source_url']}"), 404, contains="Requested URL")


# Spec: platform.md 4.6, 7 (7): a text that would be normalised is not found
def test_get_does_not_normalise(nobody, root):
    redirect = create(root)
    assert nobody.get(redirect_path(redirect["source_url"])).status_code == 200
    check_error(nobody.get(redirect_path(f" {redirect['source_url']}")), 404)


# Spec: foundations.md 4.3, 6
@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_a_source_with_a_null_byte_is_refused(root, method):
    body = {} if method == "PATCH" else None
    response = root.request(
        method, f"{REDIRECTS}/%2Fprojects%2F%00", json=body, headers={"if-match": STALE}
    )
    check_error(response, 422)


# --- 4.7 creation --------------------------------------------------------------------------------


# Spec: platform.md 2.2, 4.7: no Location, no ETag header; the target need not exist
def test_a_redirect_is_created(root, own_rows):
    source = source_url()
    response = root.post(REDIRECTS, json={"source_url": source, "target_url": TARGET})
    assert response.status_code == 201
    assert not {"location", "etag"} & set(response.headers)
    assert own_rows.all(
        "SELECT length(id), target_url, creation_date = updated_at FROM platform.url_redirects"
        " WHERE source_url = %s",
        source,
    ) == [(26, TARGET, True)]


# Spec: platform.md 4.7: the source is looked at first
def test_the_source_is_validated_before_the_target(root):
    body = {"source_url": "/x", "target_url": "/y"}
    response = root.post(REDIRECTS, json=body)
    check_error(response, 422, "The source URL must start with /projects/.")
    body["source_url"] = source_url()
    response = root.post(REDIRECTS, json=body)
    check_error(response, 422, "The target URL path must match the pattern /p/ULID.")


# Spec: platform.md 4.7: sources are compared in their normal form
def test_a_source_has_one_redirect(root):
    redirect = create(root)
    for source in (redirect["source_url"], f"\t{redirect['source_url']}?#"):
        response = root.post(REDIRECTS, json={"source_url": source, "target_url": OTHER_TARGET})
        check_error(response, 409)


# Spec: platform.md 4.7: 409 for who loses the race
def test_of_creations_at_once_one_wins(root, own_rows):
    body = {"source_url": source_url(), "target_url": TARGET}
    answers = at_once(lambda _: root.post(REDIRECTS, json=body), range(8))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7


# Spec: foundations.md 4.3: longer than an index can hold
def test_a_source_that_is_too_long_is_refused(root):
    noise = random.Random(1)
    name = "".join(noise.choice("abcdefghijklmnopqrstuvwxyz0123456789") for _ in range(20_000))
    response = root.post(
        REDIRECTS, json={"source_url": f"/projects/{name}", "target_url": TARGET}
    )
    check_error(response, 422, contains="too long")


# --- 4.8 change ----------------------------------------------------------------------------------


def patch_redirect(caller: Caller, source: str, etag: str, **body):
    return caller.patch(redirect_path(source), json=body, headers={"if-match": etag})


# Spec: platform.md 4.8: the new ETag is in the body only
def test_a_target_changes(root, nobody):
    redirect = create(root)
    response = patch_redirect(
        root, redirect["source_url"], redirect["etag"], target_url=OTHER_TARGET
    )
    assert response.status_code == 200, response.text
    changed = response.json()
    assert changed == redirect | {"target_url": OTHER_TARGET, "etag": changed["etag"]}
    assert changed["etag"] != redirect["etag"]
    assert "etag" not in response.headers
    assert nobody.get(redirect_path(redirect["source_url"])).json() == changed


# Spec: platform.md 2.2, 4.8, 7 (4)
def test_a_target_that_stays_keeps_the_etag(root):
    redirect = create(root)
    for body in ({}, {"target_url": None}, {"target_url": TARGET}, {"target_url": f" {TARGET}#"}):
        response = patch_redirect(root, redirect["source_url"], redirect["etag"], **body)
        assert (response.status_code, response.json()) == (200, redirect)


# Spec: platform.md 4.8: source, target, existence, ETag
def test_checks_of_a_changed_redirect_have_their_order(root):
    redirect, unknown = create(root), source_url()
    bad = {"target_url": "/y"}
    check_error(patch_redirect(root, "/x", STALE, **bad), 422, contains="source URL must start")
    check_error(patch_redirect(root, unknown, STALE, **bad), 422, contains="target URL path must")
    message = f"A redirect for source URL '{unknown}' does not exist."
    check_error(patch_redirect(root, unknown, STALE, target_url=TARGET), 404, message)
    error = check_error(patch_redirect(root, redirect["source_url"], STALE), 409)
    assert redirect["etag"] in error["message"] and STALE in error["message"]


# Spec: platform.md 4.8, 7 (7)
def test_patch_normalises_the_source(root):
    redirect = create(root)
    response = patch_redirect(
        root, f"\n{redirect['source_url']};", redirect["etag"], target_url=OTHER_TARGET
    )
    assert (response.status_code, response.json()["target_url"]) == (200, OTHER_TARGET)


# Spec: platform.md 4.8
def test_of_redirects_changed_at_once_one_wins(root):
    redirect = create(root)
    with ThreadPoolExecutor(8) as pool:
        changes = [
            pool.submit(
                patch_redirect,
                root,
                redirect["source_url"],
                redirect["etag"],
                target_url=f"https://example.org/{number}",
            )
            for number in range(8)
        ]
    assert sorted(change.result().status_code for change in changes) == [200] + [409] * 7


# --- 4.9 removal ---------------------------------------------------------------------------------


def delete_redirect(caller: Caller, source: str, etag: str):
    return caller.delete(redirect_path(source), headers={"if-match": etag})


# Spec: platform.md 4.9
def test_a_redirect_goes(root, nobody):
    redirect = create(root)
    check_error(delete_redirect(root, redirect["source_url"], STALE), 409, contains=STALE)
    response = delete_redirect(root, redirect["source_url"], redirect["etag"])
    assert (response.status_code, response.content) == (204, b"")
    check_error(nobody.get(redirect_path(redirect["source_url"])), 404)


# Spec: platform.md 4.9, 7 (7): what never was is gone; nothing is validated or normalised
def test_what_never_was_is_gone(root, nobody):
    redirect = create(root)
    for source in ("/x", "nonsense", source_url(), f" {redirect['source_url']}"):
        assert delete_redirect(root, source, STALE).status_code == 204
    assert nobody.get(redirect_path(redirect["source_url"])).status_code == 200


# --- 5 the rules of URLs, against Python's own reading -------------------------------------------

SCHEMES = ["", "", "https:", "https:", "HTTPS:", "hTTps:", "http:", "ftp:", "1a:", "a b:", ":"]
AUTHORITIES = [
    "",
    "",
    "//",
    "//gitlab.renkulab.io",
    "//gitlab.renkulab.io",
    "//GitLab.renkulab.io",
    "//gitlab.renkulab.io:443",
    "//me@code.example.org",
    "//code.example.org",
    "//[::1]:81",
    "//[::1",
    "//]",
    "//h;x",
    "//bücher.example",
    "//a\N{ACCOUNT OF}b",
    "//\N{FULLWIDTH COLON}b",
]
SEGMENTS = ["projects", "p", "01FZ8RSZ9KAKYQZ1ZZZZZZZZZZ", "a", "b.c", ".", "..", "...", "", ";", "a;b"]
SEGMENTS += ["é", "%2F", "a b", "~", "-", "a:b", "\\", "[x]", ".x"]
TAILS = ["", "", "", "", "?", "#", "?#", "?x=1", "#f", ";", ";p", "?a/../b", "#/"]
STARTS = ["", "", "", "", " ", "\t", "\n \x01", "\x1f"]


def generated(noise: random.Random) -> str:
    path = "/".join(noise.choice(SEGMENTS) for _ in range(noise.randint(0, 4)))
    start = noise.choice(["/", "/", "/projects/", "/p/", "", "//", "///"])
    path = noise.choice(["", "", start + path, start + path, start + path, start + path + "/"])
    url = noise.choice(SCHEMES) + noise.choice(AUTHORITIES) + path + noise.choice(TAILS)
    if noise.random() < 0.1 and url:
        place = noise.randrange(len(url))
        url = url[:place] + noise.choice("\t\r\n") + url[place:]
    return noise.choice(STARTS) + url


def reason(name: str, url) -> str | None:
    """The first rule that a URL breaks. Spec: platform.md 5"""
    if url.params or url.query or url.fragment:
        return f"The {name} URL must not include parameters, a query, or a fragment."
    if url.path != posixpath.normpath(url.path) or {".", ".."} & set(url.path.split("/")):
        return f"The {name} URL path is not canonical."
    if url.scheme or (name == "target" and url.netloc):
        if url.scheme != "https":
            return f"The {name} URL must use HTTPS."
        if name == "source" and url.netloc != "gitlab.renkulab.io":
            return "The source URL host must be gitlab.renkulab.io."
        return None
    if url.netloc:
        return "The source URL should not include a host."
    if name == "source":
        fits = url.path.startswith("/projects/")
        return None if fits else "The source URL must start with /projects/."
    tail = url.path.removeprefix("/p/")
    alphabet = set("0123456789ABCDEFGHJKMNPQRSTVWXYZ")
    fits = url.path.startswith("/p/") and len(tail) == 26 and set(tail) <= alphabet
    return None if fits and tail[0] in "01234567" else (
        "The target URL path must match the pattern /p/ULID."
    )


def expected(name: str, text: str) -> tuple[str | None, str | None]:
    """The normal form, or why there is none."""
    try:
        url = urlparse(text)
    except ValueError:
        return None, f"The {name} URL has no host that can be read."
    why = reason(name, url)
    if why:
        return None, why
    return (url.geturl() if url.netloc or not url.scheme else f"https://{url.netloc}{url.path}"), None


def answered_source(root: Caller, text: str) -> tuple[str | None, str | None]:
    response = patch_redirect(root, text, STALE)
    message = response.json()["error"]["message"]
    if response.status_code == 422:
        return None, message
    assert response.status_code == 404, response.text
    before, after = "A redirect for source URL '", "' does not exist."
    assert message.startswith(before) and message.endswith(after)
    return message[len(before) : -len(after)], None


# Spec: platform.md 5
def test_sources_are_read_as_python_reads_them(root):
    noise, seen = random.Random(5), {}
    texts = [text for text in (generated(noise) for _ in range(3000)) if text]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda text: answered_source(root, text), texts))
    for text, answer in zip(texts, answers, strict=True):
        assert answer == expected("source", text), repr(text)
        seen[answer[1]] = seen.get(answer[1], 0) + 1
    assert len(seen) == 8 and min(seen.values()) > 5, seen


# Spec: platform.md 5
def test_targets_are_read_as_python_reads_them(root):
    noise, seen, source = random.Random(6), {}, source_url()
    redirect = create(root, source)
    for text in (generated(noise) for _ in range(3000)):
        response = patch_redirect(root, source, redirect["etag"], target_url=text)
        form, why = expected("target", text)
        if why:
            check_error(response, 422, why)
        else:
            assert response.status_code == 200, f"{text!r}: {response.text}"
            redirect = response.json()
            assert without_extra_slash(redirect["target_url"]) == without_extra_slash(form), repr(text)
        seen[why] = seen.get(why, 0) + 1
    assert len(seen) == 6 and min(seen.values()) > 5, seen


def without_extra_slash(url: str) -> str:
    """Versions of Python differ in the slashes of an https URL without a host."""
    return url.replace("https:///", "https://") if url.startswith("https:///") else url

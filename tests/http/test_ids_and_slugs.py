# SPDX-License-Identifier: Apache-2.0
"""Ids, and slugs that are made from names. Spec: foundations.md 9"""

from datetime import UTC, datetime

import pytest

from support.api import ULID, check_error, unique

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def milliseconds(ulid: str) -> int:
    value = 0
    for letter in ulid[:10]:
        value = value * 32 + CROCKFORD.index(letter)
    return value


# Spec: foundations.md 9.1
def test_ids_are_ulids_of_this_moment(user):
    before = int(datetime.now(UTC).timestamp() * 1000)
    ids = [user.create_group()["id"], user.create_project()["id"]]
    after = int(datetime.now(UTC).timestamp() * 1000)
    for ulid in ids:
        assert ULID.match(ulid)
        assert before - 1 <= milliseconds(ulid) <= after + 1


# Spec: foundations.md 9.1
def test_the_database_makes_ulids_too(rows):
    now = int(datetime.now(UTC).timestamp() * 1000)
    ulids = [rows.one("SELECT generate_ulid()") for _ in range(20)]
    assert len(set(ulids)) == 20
    for ulid in ulids:
        assert ULID.match(ulid)
        assert abs(milliseconds(ulid) - now) < 60_000


# --- 9.4 slugs from names ------------------------------------------------------------------------

SLUGS = {
    "My Great Project!": "my-great-project",
    "  Übung  Nr. 7 ": "ubung-nr.7",
    "a--b..c__d": "a-b.c_d",
    "x.git.atom": "x",
    "project.GIT": "project",
    "_.git": "git",
    "..a..b..": "a.b",
    "Straße": "strae",
    "Zürich–Genève": "zurichgeneve",
    "½ cup": "12-cup",
    "№ 12": "No-12",
    "5 GHz ㎐ band": "5-ghz-Hz-band",
    "C++": "c",
    # namespaces.md 4.2
    "Ada Lovelace": "ada-lovelace",
    "Łukasz Żółć": "ukasz-zoc",
    "J. R. R. Tolkien": "j.r.r.tolkien",
    "Ünïcödé Project!!": "unicode-project",
    "tool.git.atom": "tool",
    "foo.GIT": "foo",
    "o'brien": "o-brien",
    "-.-x": "x",
    # projects.md 5.1
    "Größe & Co. Ünïcode": "groe-co.unicode",
    "--- Data.GIT.atom": "data",
    "a__b..c": "a_b.c",
    ".git": "git",
    "foo.atom-": "foo",
    # each step of its own
    "İstanbul": "istanbul",
    "ＦＵＬＬ width": "full-width",
    "tab\tand\x1cseparator\x85next\xa0nbsp": "tab-and-separator-next-nbsp",
    "line\u2028paragraph\u2029thin\u2009wide\u3000end": "line-paragraph-thin-wide-end",
    "zero\u200bwidth": "zerowidth",
    "emoji \N{GRINNING FACE} end": "emoji-end",
    "a.git.git.atom": "a",
    "a-.git": "a-git",
    "ends-": "ends",
    "x" * 99: "x" * 99,
    "ǅ": "dz",
    "ﬁne ligature": "fine-ligature",
    "²": "2",
    "a\x00b".replace("\x00", "\x01"): "a-b",
}


# Spec: foundations.md 9.4; namespaces.md 4.2; projects.md 5.1
@pytest.mark.parametrize("name, slug", SLUGS.items(), ids=[ascii(name)[:40] for name in SLUGS])
def test_a_name_becomes_a_slug(user, name, slug):
    project = user.create_project(name=name)
    assert (project["name"], project["slug"]) == (name, slug)


# Spec: foundations.md 9.4
@pytest.mark.parametrize(
    "name", ["日本", "--", "__", "連句", "ß", "...", " ", "\N{GRINNING FACE}", "!?"], ids=ascii
)
def test_a_name_without_usable_characters_is_422(user, name):
    check_error(user.post("/projects", json={"name": name, "namespace": user.slug}), 422)
    given = user.create_project(name=name, slug=unique())
    assert given["name"] == name


# Spec: projects.md 5.1: too long for the column; a 500 of the original
def test_a_derived_slug_that_is_too_long_is_422(user, rows):
    name = (
        "\ufdfa" * 20
    )  # one code point that expands to eighteen, none of them ASCII but three blanks
    check_error(user.post("/projects", json={"name": name, "namespace": user.slug}), 422)
    name = "\u3392" * 99  # three letters each
    check_error(user.post("/projects", json={"name": name, "namespace": user.slug}), 422)
    assert rows.one("SELECT count(*) FROM projects.projects WHERE name = %s", name) == 0

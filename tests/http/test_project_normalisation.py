# SPDX-License-Identifier: Apache-2.0
"""What a project keeps of its repositories and its mount directory. Spec: projects.md 5.2, 5.3"""

import pytest

from support.api import check_error
from support.projects import NO_URL


# --- 5.2 repositories ----------------------------------------------------------------------------

REPOSITORIES = {
    "plain": ("https://example.org/group/repo", "https://example.org/group/repo"),
    "http": ("http://example.org/repo", "http://example.org/repo"),
    "git-suffix-stays": ("https://example.org/repo.git", "https://example.org/repo.git"),
    "blanks-around": ("  https://example.org/repo\n", "https://example.org/repo"),
    "unicode-blanks-around": (
        "\u00a0\u3000https://example.org/re po\u2003\x1f\x85",
        "https://example.org/re po",
    ),
    "controls-in-front": ("\x01\x1f https://example.org/repo", "https://example.org/repo"),
    "trailing-slash": ("https://example.org/repo/", "https://example.org/repo"),
    "trailing-slashes": ("https://example.org/repo///", "https://example.org/repo"),
    "case-of-the-path": ("https://example.org/Group/Repo", "https://example.org/Group/Repo"),
    "port": ("https://example.org:8443/repo", "https://example.org:8443/repo"),
    # repositories.md 3
    "case-of-scheme-and-host": ("HTTPS://Git.Example.org/Team", "https://Git.Example.org/Team"),
    "no-path": ("https://git.example.org", "https://git.example.org"),
    "query": ("https://git.example.org/a/?x=1", "https://git.example.org/a?x=1"),
    "fragment": ("https://git.example.org/a//#b", "https://git.example.org/a#b"),
    "bare-query": ("https://git.example.org/a?", "https://git.example.org/a"),
    "bare-fragment": ("https://git.example.org/a#", "https://git.example.org/a"),
    "line-ends-inside": ("https://git.exa\tmple.org/\r\na", "https://git.example.org/a"),
    "user-information": ("https://me:pw@git.example.org/a", "https://me:pw@git.example.org/a"),
    "bracketed-loopback": ("http://[::1]/a", "http://[::1]/a"),
    "localhost-in-capitals": ("http://LOCALHOST/a", "http://LOCALHOST/a"),
    "user-at-localhost": ("http://user@localhost/a", "http://user@localhost/a"),
    "every-address": ("http://0.0.0.0/a", "http://0.0.0.0/a"),
}


# Spec: projects.md 5.2
@pytest.mark.parametrize("given, kept", REPOSITORIES.values(), ids=REPOSITORIES.keys())
def test_a_repository_is_normalised(user, given, kept):
    assert user.create_project(repositories=[given])["repositories"] == [kept]


# Spec: projects.md 5.2
def test_repositories_lose_duplicates_and_keep_their_order(user):
    given = [
        "https://e.org/b",
        "https://e.org/a/",
        " https://e.org/b ",
        "https://e.org/a.git",
        "https://e.org/A",
        "https://e.org/a",
    ]
    expected = ["https://e.org/b", "https://e.org/a", "https://e.org/a.git", "https://e.org/A"]
    assert user.create_project(repositories=given)["repositories"] == expected


NO_REPOSITORIES = {
    "ssh": "git@example.org:group/repo.git",
    "ssh-scheme": "ssh://git@example.org/repo",
    "ftp": "ftp://example.org/repo",
    "file": "file:///etc/passwd",
    "no-scheme": "example.org/repo",
    "words": "nonsense",
    "empty": "",
    "blank": "  ",
    "no-host": "https:///repo",
    "nothing-but-blanks-as-host": "https://\u3000\x1f",
    "localhost": "https://localhost/repo",
    "localhost-with-port": "http://localhost:8000/repo",
    "loopback": "http://127.0.0.1/repo",
    "like-loopback": "http://127.example.org/a",
    "host-and-path": "git.example.org:team/app",
    "one-slash": "https:/host/a",
    "nothing-but-a-scheme": "http://",
    "loopback-net": "http://127.1.2.3/repo",
    "loopback-6": "http://::1/repo",
}


# Spec: projects.md 5.2
@pytest.mark.parametrize("url", NO_REPOSITORIES.values(), ids=NO_REPOSITORIES.keys())
def test_what_is_no_repository_is_422(user, url):
    body = {"name": "x", "namespace": user.slug, "repositories": ["https://example.org/good", url]}
    error = check_error(user.post("/projects", json=body), 422, contains=NO_URL)
    assert url.strip() in error["message"]
    project = user.create_project()
    check_error(user.patch_project(project, repositories=[url]), 422, contains=NO_URL)
    assert user.project(project["id"]) == project


# Spec: projects.md 5.2 (compatibility quirks: 500)
@pytest.mark.parametrize(
    "url",
    ["https://[example.org/repo", "https://exa]mple.org/repo", "https://example.org/" + "x" * 2001],
    ids=["open", "close", "long"],
)
def test_urls_that_broke_the_original_are_422(user, url):
    body = {"name": "x", "namespace": user.slug, "repositories": [url]}
    check_error(user.post("/projects", json=body), 422)
    check_error(user.patch_project(user.create_project(), repositories=[url]), 422)


# --- 5.3 secrets mount directory -----------------------------------------------------------------

DIRECTORIES = {
    "/a//b/./c/": "/a/b/c",
    "./x": "x",
    "a/../b": "a/../b",
    "//x": "//x",
    "///x": "/x",
    "/": "/",
    "//": "//",
    ".": ".",
    "./": ".",
    "..": "..",
    "relative": "relative",
    "/secrets": "/secrets",
    " x ": " x ",
    "/ä/b": "/ä/b",
}


# Spec: projects.md 5.3
@pytest.mark.parametrize("given, kept", DIRECTORIES.items(), ids=DIRECTORIES.keys())
def test_the_mount_directory_is_normalised(user, given, kept):
    assert user.create_project(secrets_mount_directory=given)["secrets_mount_directory"] == kept
    project = user.create_project()
    assert (
        user.patch_project(project, secrets_mount_directory=given).json()["secrets_mount_directory"]
        == kept
    )

# SPDX-License-Identifier: Apache-2.0
"""Long work tells on a terminal how far it is, and leaves nothing of that behind."""

import json
import re

import pytest

from support.database import Rows
from support.migrations import MIGRATIONS, Database
from support.terminal import on_terminal

ALL = len(list(MIGRATIONS.glob("*.sql")))
GONE = "\r\033[K"


def lines_of(shown: str) -> list[tuple[int, str]]:
    """Each state of the line of progress: percent, and what is being done."""
    return [(int(percent), what) for percent, what in re.findall(r"\r *(\d+) %  (.*?) *(?=[\r\n])", shown)]


def check(shown: str, *wanted: str) -> None:
    """These come one after the other, the share grows to all of it, and the line is gone then."""
    told = lines_of(shown)
    places = [next((i for i, (_percent, what) in enumerate(told) if what.startswith(one)), None) for one in wanted]
    assert None not in places and places == sorted(places), told
    assert [percent for percent, _what in told] == sorted(percent for percent, _what in told)
    assert told[-1] == (100, "done")
    assert shown.endswith(GONE)


def damage(world) -> None:
    rows = Rows(world.env)
    rows.run("UPDATE librenku.listing SET name = 'other'")
    rows.close()


def named(number: int) -> str:
    (path,) = MIGRATIONS.glob(f"{number:04d}_*.sql")
    return path.stem


def test_a_migration_tells_which_of_how_many_is_being_applied(world, postgres):
    world.env |= postgres.create_database()

    shown = on_terminal(world, "renku db migrate --json > done.json")

    check(shown, *(f"migration {n} of {ALL}: {named(n)}" for n in range(1, ALL + 1)))
    assert len(lines_of(shown)) == ALL + 1
    assert json.loads((world.folder / "done.json").read_text())["to"] == ALL


def test_adopting_tells_which_migration_is_being_applied(world, postgres):
    variables = postgres.create_database()
    Database(postgres, variables).run((MIGRATIONS / "0001_baseline.sql").read_text())
    world.env |= variables

    shown = on_terminal(world, "renku db adopt > done.txt")

    check(shown, "comparing the tables", *(f"migration {n - 1} of {ALL - 1}: {named(n)}" for n in range(2, ALL + 1)))


def test_repairing_tells_what_is_compared_and_made_anew(world):
    damage(world)

    shown = on_terminal(world, "renku db verify --repair > done.txt")

    check(shown, *(f"comparing the index: {part}" for part in ("lists", "roles", "totals")), "making the index anew")


def test_relationships_are_counted_on_their_way(world):
    check(on_terminal(world, "renku authz export > all.txt"), "reading the relationships", "writing relationship 1 of")
    count = len((world.folder / "all.txt").read_text().splitlines())

    shown = on_terminal(world, "renku authz import all.txt --apply > done.txt")

    check(shown, f"reading relationship 1 of {count}", "adding what is there", "comparing with the rows", "writing")
    assert "writing" not in on_terminal(world, "renku authz import all.txt > done.txt")


def test_an_export_names_its_sections(same_world):
    shown = on_terminal(same_world, "renku export --user alice > person.json")

    check(shown, *json.loads((same_world.folder / "person.json").read_text()))


def test_the_line_is_gone_before_a_failure_is_told(world):
    damage(world)

    shown = on_terminal(world, "renku db verify", env={"NO_COLOR": "1"}, status=1)

    assert lines_of(shown)
    assert f"{GONE}renku: The projection behind the lists differs" in shown


def test_a_narrow_terminal_cuts_the_line(world):
    shown = on_terminal(world, "renku db verify > done.txt", width=20)

    assert "comparing th" in shown
    assert max(len(line) for line in shown.split("\r")) < 20


@pytest.mark.parametrize("words", ["db migrate", "db verify --repair", "authz export", "authz import all.txt"])
@pytest.mark.parametrize("json_too", [[], ["--json"]])
def test_who_is_no_terminal_hears_nothing(world, words, json_too):
    (world.folder / "all.txt").write_text(world.run("authz", "export").stdout)
    damage(world)

    done = world.run(*words.split(), *json_too)

    assert (done.returncode, done.stderr) == (0, "")
    assert "%" not in done.stdout

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures speed and size of the server beside a floor: Kore and libpq with nothing between them, and PostgreSQL alone.

Sides take turns (A B A B ...), so that what else the machine does meets all of them; read the ratios first, CPU second, and
requests per second last. The database is a private one that goes away afterwards.
"""

import argparse
import signal
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import cases
import compare
import python
from chart import draw
from contests import contests, run_contest
from library import library
from lists import lists
from neighbours import neighbour
from report import Report
from secrets_cases import encryption, rotation
from sides import Other
from support.server import BUILD
from up import up
from world import World

EXAMPLES = """
examples:
  ./dev bench                                  everything but the long cases
  ./dev bench --quick version project          a first look at two cases
  ./dev bench --json now.json --svg now.svg    for later, and to look at
  ./dev bench --compare before.json now.json   what has changed
  ./dev bench --url other=http://127.0.0.1:8001/api/data --token other=token.txt \\
      --object other=project:01J2F86WS7S8N6159WA3X4042H --pid other=1234 project page
"""

Case = Callable[[World, Report], None]


def table(options: argparse.Namespace) -> dict[str, tuple[str, Case, bool]]:
    """Names: what the case shows, its function, and whether it runs only when it is named."""
    found = {each.name: (each.title, partial(_contest, each, options), False) for each in contests()}
    return found | {
        "lists": ("database time of a page by who asks, in few and in many projects", lists, False),
        "secrets": ("encrypting a secret beside what openssl speed allows", encryption, False),
        "neighbour": ("what a slow client, statement or Keycloak costs the others", neighbour, False),
        "start": ("from the start of the server to its first answer", cases.start, False),
        "memory": ("memory of the idle server", cases.memory_of_server, False),
        "library": ("one call of the library beside the bare statement", library, False),
        "python": ("one call through Python beside the same in C", python.case, False),
        "seed": ("how long it takes to fill a database", cases.seed, False),
        "up": ("renku up, from nothing to the first answer", up, False),
        "rotation": ("another key for --secrets secrets, killed at ten points (long)",
                     partial(rotation, count=options.secrets), True),
        "soak-memory": ("memory over --requests requests (long)",
                        partial(cases.soak_memory, requests=options.requests), True),
    }


def _contest(contest, options: argparse.Namespace, world: World, report: Report) -> None:
    run_contest(contest, world, report, options.others)


# --- arguments -----------------------------------------------------------------------------------


def pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals and value):
        raise argparse.ArgumentTypeError(f"'{text}' is not NAME=VALUE")
    return name, value


def positive(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is no number above 0")
    return int(text)


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="./dev bench", description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("names", nargs="*", metavar="CASE", help="which cases; --list tells them (default: all that are not long)")
    add("--list", action="store_true", help="names the cases")
    add("--quick", action="store_true", help="fewer and shorter rounds, a smaller large database")
    add("--rounds", type=positive, metavar="N", help="how often the sides take turns (5; --quick: 2)")
    add("--seconds", type=positive, metavar="N", help="how long each turn takes (2; --quick: 1)")
    add("--json", type=Path, metavar="FILE", default=BUILD / "bench.json", help="all figures (default: build/bench.json)")
    add("--svg", type=Path, metavar="FILE", help="a chart of the contests and the targets")
    add("--compare", nargs=2, type=Path, metavar=("A", "B"), help="two files of --json, side by side; measures nothing")
    add("--url", type=pair, action="append", default=[], metavar="NAME=URL",
        help="a further side: the base of the same API elsewhere, with /api/data")
    add("--token", type=pair, action="append", default=[], metavar="NAME=FILE", help="a file with its bearer token")
    add("--object", type=pair, action="append", default=[], metavar="NAME=KIND:VALUE",
        help="what is asked for there: project:ID, namespace:SLUG (where POST creates)")
    add("--pid", type=pair, action="append", default=[], metavar="NAME=PID", help="its process: CPU and memory are measured")
    add("--database-pid", type=pair, action="append", default=[], metavar="NAME=PID", help="that of its database")
    add("--projects", type=positive, metavar="N", help="size of the large database (1,000,000; --quick: 50,000)")
    add("--secrets", type=positive, metavar="N", help="of rotation (100,000; --quick: 500)")
    add("--requests", type=positive, metavar="N", help="of soak-memory (1,000,000; --quick: 20,000)")
    return parser


class Wrong(Exception):
    """An argument that cannot be used."""


def make_others(options: argparse.Namespace) -> list[Other]:
    others = {}
    for name, url in options.url:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.netloc:
            raise Wrong(f"--url {name}: '{url}' is no http URL")
        if name in ("ours", "floor"):
            raise Wrong(f"--url {name}: that name is taken")
        others[name] = Other(name, url.rstrip("/"))
    setters = {"token": _set_token, "object": _set_object, "pid": _set_pid, "database_pid": _set_pid}
    for option, setter in setters.items():
        for name, value in getattr(options, option):
            if name not in others:
                raise Wrong(f"--{option.replace('_', '-')} {name}: there is no --url of that name")
            setter(others[name], option, value)
    return list(others.values())


def _set_token(other: Other, _option: str, value: str) -> None:
    try:
        other.token = Path(value).read_text().strip()
    except OSError as error:
        raise Wrong(f"--token {other.name}: {error}") from error


def _set_object(other: Other, _option: str, value: str) -> None:
    kind, colon, what = value.partition(":")
    if kind not in ("project", "namespace") or not colon or not what:
        raise Wrong(f"--object {other.name}: '{value}' is neither project:ID nor namespace:SLUG")
    other.objects[kind] = what


def _set_pid(other: Other, option: str, value: str) -> None:
    if not value.isdigit() or not Path(f"/proc/{value}").exists():
        raise Wrong(f"--{option.replace('_', '-')} {other.name}: there is no process {value}")
    setattr(other, "server" if option == "pid" else "database", int(value))


def complete(options: argparse.Namespace) -> None:
    """What depends on --quick, and what has to be read."""
    options.secrets = options.secrets or (500 if options.quick else 100_000)
    options.requests = options.requests or (20_000 if options.quick else 1_000_000)
    options.others = make_others(options)
    unknown = set(options.names) - set(table(options))
    if unknown:
        raise Wrong(f"no such case: {', '.join(sorted(unknown))} (--list names them)")
    for path in (options.json, options.svg):
        if path and not path.resolve().parent.is_dir():
            raise Wrong(f"there is no folder for {path}")


# --- running -------------------------------------------------------------------------------------


def measure(options: argparse.Namespace, report: Report) -> None:
    with World(options.quick, options.projects, options.rounds, options.seconds) as world:
        for name, (_, case, is_long) in table(options).items():
            if name in options.names or not (options.names or is_long):
                case(world, report)


def run(options: argparse.Namespace) -> None:
    """What was measured is kept, also when something ends it before its time."""
    report = Report(options.quick)
    report.head()
    try:
        measure(options, report)
    finally:
        report.targets()
        content = report.write(options.json)
        if options.svg:
            options.svg.write_text(draw(content))
            print(f"drawn into {options.svg}")


def main() -> int:
    parser = make_parser()
    options = parser.parse_args()
    try:
        if options.compare:
            signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # who has seen enough ends it without a word
            print(compare.text(*options.compare))
            return 0
        complete(options)
    except (Wrong, compare.Unusable) as error:
        parser.error(str(error))
    if options.list:
        for name, (title, _, is_long) in table(options).items():
            print(f"{name:<12} {title}{'; only when named' if is_long else ''}")
        return 0
    run(options)
    return 0


if __name__ == "__main__":
    sys.exit(main())

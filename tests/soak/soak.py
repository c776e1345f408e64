#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Lets a server work under a mixed load while things around it break, and looks at what that has left behind.

First everything works (a fifth of the time), then faults come one after the other, then everything works again. At the end
neither memory nor file descriptors may have grown beyond their bounds, nothing acknowledged may be lost, nothing may be half
there, `renku db verify` must pass, and after each fault the server must have been well again within five seconds.
"""

import argparse
import asyncio
import contextlib
import json
import shutil
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from blows import Blows, workers
from load import Counts, Keeping, Tourist, run
from usage import Usage, usage, usage_at_rest
from support.actors import check_actor, make_actors
from support.api import Api, ServerErrors
from support.database import Rows
from support.halves import half_things
from support.postgres import Postgres
from support.realm import Realm
from support.secrets import Vault
from support.server import Server, deployment, make_keys, renku

ACTORS = 24
OPENED_SECRETS = 10  # each takes a second to open
PROGRESS = 10.0  # seconds
# name, its share of the whole, whether things break
PHASES = (("warm-up", 0.2, False), ("faults", 0.65, True), ("calm", 0.15, False))
FORMAT = 1


class Clock:
    """How much of the soak is over: by minutes or by requests, whichever was given."""

    def __init__(self, minutes: float | None, requests: int | None, counts: Counts):
        self.seconds, self.requests, self.counts = 60 * minutes if minutes else None, requests, counts
        self.begun = time.monotonic()

    def elapsed(self) -> float:
        return time.monotonic() - self.begun

    def share(self) -> float:
        by_time = self.elapsed() / self.seconds if self.seconds else 0.0
        by_requests = self.counts.requests / self.requests if self.requests else 0.0
        return max(by_time, by_requests)


class Soak:
    """A server, its database, and everybody who uses it. A context manager."""

    def __init__(self, minutes: float | None, requests: int | None):
        self.stack = contextlib.ExitStack()
        self.folder = Path(tempfile.mkdtemp(prefix="renku-soak-"))
        self.folder.chmod(0o755)
        self.stack.callback(shutil.rmtree, self.folder, ignore_errors=True)
        self.keys = make_keys(self.folder / "keys")
        self.counts = Counts()
        self.wrong: list[str] = []
        self.minutes, self.requests = minutes, requests

    def __enter__(self) -> "Soak":
        self.realm = self.stack.enter_context(Realm())
        self.cluster = self.stack.enter_context(Postgres(autovacuum="on"))
        env = deployment(self.cluster.create_database(), self.realm.url, self.keys)
        done = renku("db", "migrate", env=env)
        if done.returncode != 0:
            raise RuntimeError(done.stdout + done.stderr)
        self.server = Server(env, self.folder / "server.log").start()
        self.stack.callback(self.server.kill)
        self.keepings = [Keeping(actor) for actor in make_actors(self.server.url, self.realm, ACTORS)]
        self.blows = Blows(self.server, self.cluster, self.realm)
        self.clock = Clock(self.minutes, self.requests, self.counts)
        return self

    def __exit__(self, *_exc) -> None:
        self.stack.close()

    def connections(self) -> int:
        with self.cluster.superuser() as root:
            query = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'librenku'"
            return root.execute(query).fetchone()[0]

    # -- what happens ---------------------------------------------------------------------------

    def soak(self) -> tuple[Usage, Usage]:
        """What the server holds at rest, before anything was broken and at the end."""
        rests = []
        for name, share, breaks in PHASES:
            self.counts.strict = not breaks
            self.phase(name, share, breaks)
            rests.append(usage_at_rest(self.server, self.connections))
            say(f"{name} is over: {rests[-1]}")
        return rests[0], rests[-1]

    def phase(self, name: str, share: float, breaks: bool) -> None:
        end = self.clock.share() + share

        def goes_on() -> bool:
            return self.clock.share() < end

        over = threading.Event()
        reporter = threading.Thread(target=self.report, args=(name, over))
        reporter.start()
        blows = (lambda: self.blows.strike_on(goes_on, self.pause())) if breaks else None
        tourist = Tourist(self.server.url, self.realm, self.server.env, self.counts)
        try:
            asyncio.run(run(self.server.url, self.keepings, [tourist], self.counts, goes_on, blows))
        finally:
            over.set()
            reporter.join()

    def pause(self) -> float:
        """Between two faults: at most two seconds, and less in a short soak."""
        return min(2.0, (self.clock.seconds or 600) / 300)

    def report(self, phase: str, over: threading.Event) -> None:
        while not over.wait(PROGRESS):
            with contextlib.suppress(OSError):  # a worker has just been killed
                say(
                    f"{100 * self.clock.share():3.0f} % {phase}: {self.counts.requests:,} requests,"
                    f" {self.blows.done.total()} faults, {usage(self.server)}"
                )

    # -- what is found --------------------------------------------------------------------------

    def judge(self) -> None:
        api = Api(self.server.url, self.realm, ServerErrors())
        with contextlib.closing(api):
            self.wrong += [line for keeping in self.keepings for line in check_actor(api, keeping.actor)]
        self.wrong += api.errors.seen
        rows = Rows(self.server.env)
        with contextlib.closing(rows):
            self.look_into(rows)
        verified = renku("db", "verify", env=self.server.env)
        if verified.returncode != 0:
            self.wrong.append(f"renku db verify: {verified.stdout}{verified.stderr}")
        self.wrong += self.counts.wrong + self.blows.wrong

    def look_into(self, rows: Rows) -> None:
        self.wrong += [f"{name}: {items}" for name, items in half_things(rows).items()]
        gone = [project for keeping in self.keepings for project in keeping.gone]
        back = rows.all("SELECT id FROM projects.projects WHERE id = ANY (%s)", gone)
        self.wrong += [f"project {project} is back" for (project,) in back]
        secrets = {secret: value for keeping in self.keepings for secret, value in keeping.secrets.items()}
        there = {secret for (secret,) in rows.all("SELECT id FROM secrets.secrets WHERE id = ANY (%s)", list(secrets))}
        self.wrong += [f"secret {secret} is gone" for secret in set(secrets) - there]
        vault = Vault(self.keys, rows)
        for secret in sorted(there)[-OPENED_SECRETS:]:
            if vault.value(secret) != secrets[secret]:
                self.wrong.append(f"secret {secret} has another value")

    def end(self) -> None:
        """The elders are still there, and the server ends as it should."""
        if self.blows.elder not in workers(self.server):
            self.wrong.append("the worker that nobody has killed is gone")
        self.blows.api.close()
        status = self.server.stop()
        self.wrong += self.server.reports()
        if status != 0:
            self.wrong.append(f"the server ended with {status}: {self.server.log()[-2000:]}")

    def result(self, before: Usage, after: Usage) -> dict:
        counts = self.counts
        return {
            "format": FORMAT,
            "seconds": round(self.clock.elapsed(), 1),
            "requests": counts.requests,
            "acknowledged": sum(keeping.actor.acknowledged for keeping in self.keepings),
            "lives": counts.lives,
            "tours": counts.tours,
            "statuses": dict(sorted(counts.statuses.items())),
            "faults": dict(self.blows.done),
            "slowest_recovery": round(self.blows.slowest, 3),
            "before": before.record(),
            "after": after.record(),
            "wrong": self.wrong,
        }


def say(text: str) -> None:
    print(f"  {time.strftime('%H:%M:%S', time.gmtime())} {text}", file=sys.stderr, flush=True)


def print_summary(result: dict, before: Usage, after: Usage) -> None:
    statuses = ", ".join(f"{status}: {count:,}" for status, count in result["statuses"].items())
    faults = ", ".join(f"{kind}: {count}" for kind, count in result["faults"].items())
    print(f"{result['requests']:,} requests in {result['seconds']:.0f} s ({statuses})")
    print(f"{result['acknowledged']:,} changes acknowledged in {result['lives']:,} lives, {result['tours']:,} tours of all operations")
    print(f"{sum(result['faults'].values())} faults ({faults}); slowest recovery {result['slowest_recovery']:.2f} s")
    print(f"after the warm-up: {before}")
    print(f"at the end:        {after}")
    for line in result["wrong"][:20]:
        print(f"wrong: {line}")
    print(f"{len(result['wrong'])} things are wrong" if result["wrong"] else "nothing is wrong")


# --- arguments -----------------------------------------------------------------------------------


def above_zero(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < 1e9:
        raise argparse.ArgumentTypeError(f"'{text}' is no number above 0")
    return value


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="./dev soak", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="It ends with 0 when nothing is wrong, 1 when something is, 2 when its arguments are.",
    )
    parser.add_argument("--minutes", type=above_zero, metavar="N", help="how long (30, unless --requests tells)")
    parser.add_argument("--requests", type=above_zero, metavar="N", help="it ends after so many")
    parser.add_argument("--json", type=Path, metavar="FILE", help="writes all figures there")
    options = parser.parse_args()
    if options.json and not options.json.resolve().parent.is_dir():
        parser.error(f"there is no folder for {options.json}")
    if not options.minutes and not options.requests:
        options.minutes = 30
    return options


def main() -> int:
    options = parse()
    with Soak(options.minutes, options.requests) as soak:
        before, after = soak.soak()
        soak.judge()
        soak.end()
        soak.wrong += after.exceeds(before)
        result = soak.result(before, after)
    print_summary(result, before, after)
    if options.json:
        options.json.write_text(json.dumps(result, indent=1) + "\n")
    return 1 if result["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main())

# SPDX-License-Identifier: Apache-2.0
"""Runs sequences of calls against the model and the server at once."""

import contextlib
import http.client
import itertools
import json
import random
from collections import Counter
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

from support.api import ADMIN_ROLE, NO_ULID, PREFIX
from support.contents import insert, new_id
from support.database import Rows
from support.realm import Realm

from .model import ROLES, Answer, Config, Model, Past, Person, Refusal, Secret, Unspecified, difference
from .rules import REFUSED_BODIES, Call, Operation, load

OPERATIONS = load()
SEALINGS = 2  # values to encrypt, of one sequence: each takes a second
CALLERS = "ann ann ann bob bob bob cat cat root badge crown nobody nobody herald".split()
_runs = itertools.count(1)


class Draw:
    """Makes up calls about what the model holds, from the choices that Hypothesis makes (and shrinks towards the first)."""

    def __init__(self, choices, model: Model, run: str):
        self.choices, self.model, self.run = choices, model, run
        self.sealings = SEALINGS

    def index(self, count: int) -> int:
        return self.choices.randrange(count) if count > 1 else 0

    def pick(self, items):
        return items[self.index(len(items))]

    def some(self, **members) -> dict:
        """Each member or not."""
        chosen = self.index(1 << len(members))
        return {name: value for i, (name, value) in enumerate(members.items()) if chosen >> i & 1}

    def seldom(self, **members) -> dict:
        """None, one or two of the members."""
        names = [*members]
        chosen = {self.index(len(names) + 1), self.index(len(names) * 2)}
        return {name: members[name] for i, name in enumerate(names) if i + 1 in chosen}

    def faulty(self, call: Call, strict: bool = True) -> Call:
        """Now and then with a body that is no good."""
        if self.index(16) == 15:
            call.body, call.fault = self.pick(REFUSED_BODIES if strict else REFUSED_BODIES[:1])
        return call

    def sealing(self, call: Call) -> Call:
        """What has to be encrypted takes time: there are few of these in a sequence."""
        if not call.fault and "value" in call.body:
            self._seal()
        return call

    def _seal(self) -> None:
        if not self.sealings:
            raise Unspecified
        self.sealings -= 1

    # -- names of this run ---------------------------------------------------------------------------------------

    def slug(self) -> str:
        """Of a group; two of them are also what users are called."""
        return self.pick([f"{word}-{self.run}" for word in ("lab", "hub", "den", "bay", "ann", "cat")])

    def project_slug(self) -> str:
        return self.pick(("one", "two", "three"))

    def name(self) -> str:
        return self.pick(("One", "Two", "Number four", "Number four!", "!?"))

    def source(self) -> str:
        known = [redirect.source for redirect in self.model.redirects]
        return self.pick(known * 3 + [f"/projects/{self.run}/{word}" for word in ("a", "b", "c", "a/", "b#c")])

    def v1_id(self) -> str:
        return str(int(self.run) * 4 + self.index(3))

    # -- what the model holds, and now and then something else ---------------------------------------------------

    def person(self) -> Person:
        return self.pick(self.model.people)

    def user_id(self) -> str:
        return self.pick([person.id or "x!" for person in self.model.people])

    def members(self) -> list[dict]:
        def member() -> dict:
            return {"id": self.pick((*self._users(), *self._users(), "x" * 40)), "role": self.pick(ROLES)}

        return [member() for _ in range(self.pick((1, 1, 1, 1, 2, 2, 0)))]

    def _users(self) -> list[str]:
        return [person.id for person in self.model.people if person.id]

    def group(self) -> str:
        """The slug of a namespace, maybe a former one, maybe in capitals."""
        groups = [group.namespace.slug for group in self.model.groups]
        homes = [place.slug for place in self.model.namespaces if place.person]
        former = [slug for slug, _ in self.model.former]
        return self.pick((*groups * 3, *homes, *former, f"no-{self.run}"))

    def path(self) -> tuple[str, str]:
        """Of a project: as it is, as it was, or made up."""
        paths = [(project.namespace.slug, project.slug) for project in self.model.placed()]
        former = [(self.group(), slug) for slug, _ in self.model.former_slugs[-2:]]
        return self.pick((*paths * 2, *former, (self.group(), self.project_slug())))

    def project_id(self) -> str:
        ids = [project.id for project in self.model.projects]
        return self.pick((*ids * 4, *self.model.gone[-1:], NO_ULID))

    def etag(self, project_id: str) -> str | None:
        project = self.model.lookup(project_id)
        return project.etag if project and project.namespace else '"X"'

    def if_match(self, project_id: str) -> str | None:
        known = self.etag(project_id)
        return self.pick((known, known, known, known, known, '"X"', None))

    def slot(self):
        slots = [slot for slot in self.model.slots if slot.id]
        return self.pick((*slots * 4, None))

    def secret_id(self) -> str:
        ids = [secret.id for secret in self.model.secrets if secret.id]
        return self.pick((*ids * 4, NO_ULID))

    def content(self) -> dict:
        """What is put into a slot."""
        content = self.pick(({"secret_id": self.secret_id()}, {"secret_id": self.secret_id()}, {"value": None}, {}, {"value": "v"}))
        if content.get("value"):
            self._seal()
        return content

    def alert_id(self) -> str:
        ids = [alert.id for alert in self.model.alerts if alert.id]
        return self.pick((*ids * 4, NO_ULID))

    # -- who calls -----------------------------------------------------------------------------------------------

    def caller(self, operation: Operation, call: Call) -> Person:
        """Anybody, or somebody who has to do with what the call names."""
        anybody = [person for name in CALLERS for person in self.model.people if person.name == name]
        concerned = self._concerned(operation, call)
        return self.pick(concerned if concerned and self.index(5) > 1 else anybody)

    def _concerned(self, operation: Operation, call: Call) -> list[Person]:
        if operation.admin:
            return [person for person in self.model.people if person.badge or person.herald]
        body = call.body if isinstance(call.body, dict) else {}
        named = {*call.path.values(), *map(str, body.values())}
        model, found = self.model, []
        for project in model.projects:
            if project.id in named or any(slot.id in named for slot in model.slots if slot.project is project):
                found += project.members
        for place in model.namespaces:
            if place.slug in named:
                found += place.group.members if place.group else [place.person]
        found += [secret.owner for secret in model.secrets if secret.id in named]
        return [person for person in found if person.name != "ghost"]


# --- the server -------------------------------------------------------------------------------------------------


@dataclass
class Response:
    status: int
    headers: dict[str, str]
    text: str


class Line:
    """One connection that is kept."""

    def __init__(self, url: str):
        self.connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)

    def send(self, person: Person, operation: Operation, call: Call) -> Response:
        headers = {"authorization": f"Bearer {person.token}"} if person.token else {}
        headers |= {"if-match": call.if_match} if call.if_match is not None else {}
        headers |= {"if-none-match": call.if_none_match} if call.if_none_match else {}
        body = call.body
        if body is not None:
            headers["content-type"] = "application/json"
            body = body if isinstance(body, bytes) else json.dumps(body).encode()
        path = PREFIX + operation.path.format(**call.path)
        query = f"?{urlencode(call.query, doseq=True)}" if call.query else ""
        self.connection.request(operation.method, path + query, body, headers)
        response = self.connection.getresponse()
        text = response.read().decode()
        return Response(response.status, {name.lower(): value for name, value in response.getheaders()}, text)

    def total(self, person: Person, name: str) -> int:
        response = self.send(person, OPERATIONS[name], Call(query={"per_page": 1}))
        assert response.status == 200, response
        return int(response.headers["total"])


# --- one sequence -----------------------------------------------------------------------------------------------


@dataclass
class Bench:
    """What all sequences share: the server, and how often each outcome was met."""

    url: str
    realm: Realm
    rows: Rows
    line: Line
    met: Counter = field(default_factory=Counter)  # (operation, status)
    steps: int = 0
    checks: int = 0

    def new_person(self, name: str, run: str, **more) -> Person:
        user_id = f"{name}-{run}-{'0' * 8}"
        email = f"{name}-{run}@example.org"
        roles = [ADMIN_ROLE] if more.get("badge") else ["alertmanager-webhook"] if more.get("herald") else []
        claims = {"email": email, "given_name": name.title(), "family_name": "Doe", "realm_access": {"roles": roles}}
        if more.get("crown"):
            self.rows.relate("L", "renku", "A", "u", user_id)
        return Person(name, user_id, email, name.title(), "Doe", token=self.realm.token(user_id, **claims), **more)

    def people(self, run: str) -> list[Person]:
        people = [self.new_person(name, run) for name in ("ann", "bob", "cat")]
        people += [
            self.new_person("root", run, badge=True, crown=True),
            self.new_person("badge", run, badge=True),
            self.new_person("crown", run, crown=True),
            self.new_person("herald", run, herald=True),
            Person("ghost", f"ghost-{run}", "ghost@example.org"),  # only others speak of it
            Person("nobody"),
        ]
        return people


class Sequence:
    """A model and the same on the server: people, of whom two have a record and a secret, one a group, and few projects."""

    def __init__(self, bench: Bench):
        self.bench, self.run = bench, str(next(_runs))
        self.script: list[str] = []
        people = bench.people(self.run)
        self.callers = {person.name: person for person in people}
        self.model = Model(people, Past(), Config())
        self._reset()
        self._look_back()
        for name in ("ann", "bob"):
            self.step("user_me", self.callers[name], Call())
            self._give_secret(self.callers[name])
        self._settle()

    def _settle(self) -> None:
        ann, bob = self.callers["ann"], self.callers["bob"]
        lab = f"lab-{self.run}"
        redirect = {"source_url": f"/projects/{self.run}/a", "target_url": "https://code.example.org/a"}
        self.step("redirect_create", self.callers["root"], Call(body=redirect))
        self.step("group_create", ann, Call(body={"name": "Lab", "slug": lab}))
        self.step("group_member_set", ann, Call({"group_slug": lab}, [{"id": bob.id, "role": "editor"}]))
        for person, place in ((ann, ann.namespace.slug), (bob, lab)):
            body = {"project": {"name": "One", "namespace": place}}
            self.step("project_migrate", person, Call({"v1_id": str(int(self.run) * 4 + (person is bob))}, body))
            project_id = self.model.projects[-1].id
            self.step("session_secret_slot_create", person, Call(body={"project_id": project_id, "filename": "one"}))

    def _reset(self) -> None:
        """What there is but once."""
        for relation in ("P", "G"):
            self.bench.rows.run(
                "INSERT INTO librenku.relation (object_type, object_id, relation, subject_type, subject_id)"
                " VALUES ('L', 'renku', %s, 'u', '*') ON CONFLICT DO NOTHING",
                relation,
            )
        self.model.config.banner = self.run  # and so an ETag of its own
        self.bench.line.send(self.callers["nobody"], OPERATIONS["platform_config_get"], Call())
        self.bench.rows.run("UPDATE platform.config SET incident_banner = %s, updated_at = now()", self.run)
        self.step("platform_config_get", self.callers["nobody"], Call())

    def _look_back(self) -> None:
        line, past, callers = self.bench.line, self.model.past, self.callers
        past.groups = line.total(callers["nobody"], "group_list")
        past.public_projects = line.total(callers["nobody"], "project_list")
        past.projects = line.total(callers["crown"], "project_list")
        past.redirects = line.total(callers["badge"], "redirect_list")

    def _give_secret(self, person: Person) -> None:
        secret = Secret(person, "Given", f"given-{person.name}", id=new_id(self.bench.rows))
        insert(
            self.bench.rows,
            "secrets.secrets",
            id=secret.id,
            name=secret.name,
            default_filename=secret.filename,
            encrypted_value=b"x",
            encrypted_key=b"x",
            kind="general",
            modification_date="now()",
            user_id=person.id,
        )
        self.model.secrets.append(secret)

    # -- one step ------------------------------------------------------------------------------------------------

    def step(self, name: str, me: Person, call: Call) -> None:
        operation = OPERATIONS[name]
        hidden = self._hidden(me, call)
        try:
            call.check_text()
            wanted: Answer | Refusal = operation.rule(self.model, me, call)
            assert wanted.status in operation.successes, f"{name} does not say that it can be {wanted.status}"
        except Refusal as refusal:
            wanted = refusal
            assert wanted.status in operation.refusals, f"{name} does not say that it can be {wanted.status}"
        response = self.bench.line.send(me, operation, call)
        self.bench.met[name, response.status] += 1
        self.bench.steps += 1
        self.script.append(f"{me} {name} {describe(call)} -> {response.status}")
        problem = refusal_problem(wanted, response) if isinstance(wanted, Refusal) else answer_problem(wanted, response)
        problem = problem or next((f"{what} is not for {me} to see" for what in hidden if what in response.text), None)
        assert not problem, self.tell(problem, response)
        self.model.check()

    def _hidden(self, me: Person, call: Call) -> list[str]:
        """The ids that no answer may show: what is not readable before, other people's secrets, and not named by the call."""
        model = self.model
        named_by_copies = [project.template for project in model.readable(me)]
        ids = [project.id for project in model.projects if not model.may(me, "read", project) and project not in named_by_copies]
        ids += [slot.id for slot in model.slots if slot.id and not model.may(me, "read", slot.project)]
        ids += [secret.id for secret in model.secrets if secret.id and secret.owner is not me]
        named = json.dumps([call.path, call.body if not isinstance(call.body, bytes) else ""])
        return [one for one in ids if one not in named]

    def tell(self, problem: str, response: Response) -> str:
        steps = "\n".join(f"  {line}" for line in self.script)
        return f"{problem}\nthe server answered {response.status} {response.text[:2000]}\nafter:\n{steps}"

    # -- everything at once --------------------------------------------------------------------------------------

    def audit(self) -> None:
        """Whoever calls sees what the rules allow, and nothing else: every person, every project, every group."""
        for me in self.callers.values():
            if me.name == "ghost":
                continue
            self._audit("project_list", me, Call(query={"per_page": 100}))
            for project in self.model.projects:
                self._audit("project_permissions", me, Call({"project_id": project.id}))
                self._audit("session_secret_slot_list", me, Call({"project_id": project.id}))
            if me.namespace:
                self._audit("user_secret_list", me, Call())

    def _audit(self, name: str, me: Person, call: Call) -> None:
        self.bench.checks += 1
        self.step(name, me, call)


def describe(call: Call) -> str:
    parts = {name: value for name, value in vars(call).items() if value}
    return " ".join(f"{name}={value!r}" for name, value in parts.items())


def refusal_problem(wanted: Refusal, response: Response) -> str | None:
    if response.status != wanted.status:
        return f"the model says {wanted.status}"
    if wanted.empty:
        return "there is a body" if response.text else None
    error = json.loads(response.text).get("error", {})
    good = error.get("code") == 1000 + wanted.status and error.get("message")
    return None if good else f"the model says code {1000 + wanted.status}"


def answer_problem(wanted: Answer, response: Response) -> str | None:
    if response.status != wanted.status:
        return f"the model says {wanted.status}"
    if wanted.body is Answer.NOTHING:
        return "there is a body" if response.text else None
    problem = difference(wanted.body, json.loads(response.text)) if wanted.body is not None else None
    return problem or header_problem(wanted, response)


def header_problem(wanted: Answer, response: Response) -> str | None:
    for name, value in wanted.headers.items():
        got = response.headers.get(name)
        got = int(got) if isinstance(value, int) and got else got
        if problem := difference(value, got, f"header {name}"):
            return problem
    return None


# --- choosing steps ---------------------------------------------------------------------------------------------

CHOICES = [name for name, operation in OPERATIONS.items() for _ in range(operation.weight)]


def play(bench: Bench, choices, length: int, favourite: str | None = None) -> None:
    """One sequence. The first choice of a step is to do nothing, so that steps can be taken out."""
    sequence = Sequence(bench)
    draw = Draw(choices, sequence.model, sequence.run)
    for _ in range(length):
        chosen = draw.index(len(CHOICES) + 1)
        if not chosen:
            continue
        name = favourite if favourite and chosen % 2 else CHOICES[chosen - 1]
        with contextlib.suppress(Unspecified):
            call = OPERATIONS[name].draw(draw)
            sequence.step(name, draw.caller(OPERATIONS[name], call), call)
    sequence.audit()


def seek(bench: Bench, seed: int, name: str, status: int) -> bool:
    """Plays sequences in which one operation is called often until it ends with this status, if it ever does."""
    choices = random.Random(f"{seed} {name} {status}")
    for _ in range(40):
        if bench.met[name, status]:
            break
        play(bench, choices, 60, name)
    return bench.met[name, status] > 0


def report(bench: Bench) -> str:
    """How often each operation was called, and how it ended."""
    lines = [f"{bench.steps} steps, {bench.checks} of them to audit"]
    for name in OPERATIONS:
        met = {status: count for (one, status), count in bench.met.items() if one == name}
        ends = "  ".join(f"{status}: {count}" for status, count in sorted(met.items()))
        lines.append(f"{name:34} {sum(met.values()):6}   {ends}")
    return "\n".join(lines)


def outcomes() -> list[tuple[str, int]]:
    """Everything that the rules know to happen: each success and each refusal of each operation."""
    rows = OPERATIONS.values()
    return [(row.name, status) for row in rows for status in (*row.successes, *row.refusals)]

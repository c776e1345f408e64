# SPDX-License-Identifier: Apache-2.0
"""Writes permissions as SQL over librenku.relation.

Paths of the same length and kind of end share one branch, a join with one row source per step. A branch costs a few
probes of an index: the object, the relation and the subject are all known. A path that ends on a type with few subjects
(the platform) is followed only when the subject holds such a relation at all, which is asked once per statement.

Aliases are rk_o (the object asked about), rk_1 .. rk_n (the rows of a path), rk_f (facts), rk_c (candidates). The
expression for the object's id is used once, where no alias of ours can catch a name in it."""

from dataclasses import dataclass
from typing import Callable, Dict, List, Optional, Tuple

from paths import Any, Form, Graph, Minus, Or, Path, Question, Rows
from storage import SERVICE, WIDTH, Storage

TABLE = "librenku.relation"
ALL = "*"


@dataclass(frozen=True)
class Subject:
    """Who asks, in SQL."""

    type: str  # an expression of type text
    id: str
    letter: Optional[str] = None  # the type, when it is known already


CALLER = Subject("$1::text", "$2::text")
OBJECT = "$1::text"  # of the statements that look users up


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def among(column: str, literals: List[str]) -> str:
    return f"{column} = {literals[0]}" if len(literals) == 1 else f"{column} IN ({', '.join(literals)})"


@dataclass(frozen=True)
class Notation:
    """How a language writes a condition."""

    and_not: str
    either: str
    differs: str


SQL = Notation(" AND NOT ", " OR ", "<>")
Masked = Tuple[Path, int]
Keyed = Tuple[List[str], int]


def choose(columns: List[str], rows: List[Keyed], only: Dict[str, List[str]], number: str) -> str:
    """CASE after CASE: the union of the values whose keys stand in the columns, 0 where none does. A column that can
    hold nothing but the keys given in `only`, and does not matter, is not asked."""
    if not columns:
        value = 0
        for _, more in rows:
            value |= more
        return f"{value}::{number}"
    inner = {key: choose(columns[1:], [(keys[1:], value) for keys, value in rows if keys[0] == key], only, number)
             for key in sorted({keys[0] for keys, _ in rows})}
    if sorted(inner) == only.get(columns[0]) and len(set(inner.values())) == 1:
        return next(iter(inner.values()))
    whens = " ".join(f"WHEN {key} THEN {value}" for key, value in inner.items())
    return f"CASE {columns[0]} {whens} ELSE 0::{number} END"


@dataclass
class Branch:
    """Paths that one join follows, each with the bits that it proves. They have as many steps and one kind of end."""

    compiler: "Compiler"
    paths: List[Masked]

    @property
    def first(self) -> Path:
        return self.paths[0][0]

    @property
    def rows(self) -> int:
        return len(self.first.steps) + (1 if isinstance(self.first.end, Rows) else 0)

    def keys(self, path: Path) -> List[str]:
        """What distinguishes a path: the letters that stand in its rows."""
        storage = self.compiler.storage
        found = []
        for step in path.steps:
            found += [quoted(storage.relations[step.relation]), quoted(storage.types[step.type])]
        return found + ([quoted(storage.relations[path.end.relation])] if isinstance(path.end, Rows) else [])

    def columns(self) -> List[str]:
        found = []
        for step in range(1, len(self.first.steps) + 1):
            found += [f"rk_{step}.relation", f"rk_{step}.subject_type"]
        return found + ([f"rk_{self.rows}.relation"] if isinstance(self.first.end, Rows) else [])

    def letters(self) -> Dict[str, List[str]]:
        return {column: sorted({self.keys(path)[place] for path, _ in self.paths})
                for place, column in enumerate(self.columns())}

    def source(self) -> str:
        parts = [f"{TABLE} rk_1"]
        letters = self.letters()
        for row in range(2, self.rows + 1):
            reached = letters[f"rk_{row - 1}.subject_type"]
            on = reached[0] if len(reached) == 1 else f"rk_{row - 1}.subject_type"
            parts.append(f"JOIN {TABLE} rk_{row} ON rk_{row}.object_id = rk_{row - 1}.subject_id"
                         f" AND rk_{row}.object_type = {on}")
        return " ".join(parts)

    def where(self, object_id: Optional[str], subject: Optional[Subject]) -> str:
        conditions = [f"rk_1.object_id = {object_id}"] if object_id else []
        conditions.append(f"rk_1.object_type = {quoted(self.compiler.storage.types[self.first.start])}")
        conditions += [among(column, letters) for column, letters in self.letters().items()]
        if isinstance(self.first.end, Rows):
            conditions.append(self.compiler.names(f"rk_{self.rows}", self.first.end, subject))
        elif isinstance(self.first.end, Question):
            conditions.append(self.compiler.holds(self.first.last_type, self.first.end.permission,
                                                  f"rk_{self.rows}.subject_id", subject))
        return " AND ".join(conditions)

    def choice(self, number: str) -> str:
        """The value of the path that the rows are."""
        return choose(self.columns(), [(self.keys(path), value) for path, value in self.paths], self.letters(), number)

    def condition(self, object_id: Optional[str], subject: Optional[Subject]) -> str:
        """Where the rows are one of the paths."""
        choice = self.choice("integer")
        proves = f" AND {choice} <> 0" if choice.startswith("CASE") else ""
        return self.where(object_id, subject) + proves


class Compiler:
    def __init__(self, graph: Graph, storage: Storage):
        self.graph = graph
        self.storage = storage

    # --- rows that name the subject ---

    def names(self, row: str, end: Rows, subject: Optional[Subject]) -> str:
        """The row names the subject; without a subject: any user."""
        letters = sorted(self.storage.types[name] for name in end.types)
        if subject is None:
            compare = "=" if end.wildcard else "<>"
            return f"{row}.subject_type = 'u' AND {row}.subject_id {compare} {quoted(ALL)}"
        known = [subject.letter] if subject.letter else letters
        if len(known) == 1:
            of_type = f"{row}.subject_type = {quoted(known[0])}"
        else:
            of_type = f'{row}.subject_type = ({subject.type})::"char"'
        asked = "" if subject.letter else f" AND {among(subject.type, [quoted(letter) for letter in letters])}"
        if end.wildcard:
            return f"{row}.subject_id = {quoted(ALL)} AND {of_type}{asked}"
        return f"{row}.subject_id = {subject.id} AND {of_type}{asked}"

    def possible(self, path: Path, subject: Optional[Subject]) -> bool:
        if not isinstance(path.end, Rows):
            return True
        letter = "u" if subject is None else subject.letter
        return letter is None or letter in {self.storage.types[name] for name in path.end.types}

    # --- branches ---

    def branches(self, masked: List[Masked], subject: Optional[Subject]) -> Tuple[List[Branch], List[Branch]]:
        """The branches that are always followed, and those that the subject's rows must open."""
        groups: Dict[tuple, List[Masked]] = {}
        for path, bits in masked:
            if not self.possible(path, subject):
                continue
            closed = (subject is not None and bool(path.steps) and isinstance(path.end, Rows)
                      and path.last_type in self.storage.single)
            if isinstance(path.end, Rows):
                kind = (path.end.wildcard, tuple(sorted(path.end.types)))
            else:
                kind = (path.last_type, path.end.permission)
            groups.setdefault((closed, len(path.steps), kind), []).append((path, bits))
        opened: Tuple[List[Branch], List[Branch]] = ([], [])
        for key in sorted(groups, key=repr):
            opened[key[0]].append(Branch(self, groups[key]))
        return opened

    def door(self, branches: List[Branch], subject: Subject) -> str:
        """Whether the subject holds any of the relations that these branches end with."""
        asked: Dict[tuple, List[str]] = {}
        for branch in branches:
            for path, _ in branch.paths:
                letters = asked.setdefault((self.storage.types[path.last_type], path.end.wildcard, path.end.types), [])
                letter = quoted(self.storage.relations[path.end.relation])
                if letter not in letters:
                    letters.append(letter)
        parts = []
        for (letter, wildcard, types), relations in asked.items():
            names = self.names("rk_d", Rows("", wildcard, types), subject)
            parts.append(f"EXISTS (SELECT FROM {TABLE} rk_d WHERE rk_d.object_type = {quoted(letter)}"
                         f" AND {among('rk_d.relation', relations)} AND {names})")
        return parts[0] if len(parts) == 1 else f"({' OR '.join(parts)})"

    # --- whether a form holds ---

    def form_holds(self, type_name: str, form: Form, object_id: str, subject: Subject) -> str:
        """A boolean; object_id is a column."""
        if isinstance(form, Or):
            return "(" + " OR ".join(self.form_holds(type_name, term, object_id, subject) for term in form.terms) + ")"
        if isinstance(form, Minus):
            left = self.form_holds(type_name, form.left, object_id, subject)
            return f"({left} AND NOT {self.form_holds(type_name, form.right, object_id, subject)})"
        masked = [(path, 1) for path in self.graph.paths(type_name, form.atoms)]
        always, behind = self.branches(masked, subject)

        def exists(branch: Branch) -> str:
            return f"EXISTS (SELECT FROM {branch.source()} WHERE {branch.condition(object_id, subject)})"

        parts = [exists(branch) for branch in always]
        if behind:
            inner = " OR ".join(exists(branch) for branch in behind)
            parts.append(f"({self.door(behind, subject)} AND ({inner}))")
        if not parts:
            return "false"
        return parts[0] if len(parts) == 1 else f"({' OR '.join(parts)})"

    @staticmethod
    def asking(object_id: str, subject: Subject, nothing: str, everything: str, answer: str) -> str:
        """The answer, an expression over rk_o.id; nothing for a missing id, everything for a service."""
        services = "" if subject.letter else f" WHEN {subject.type} = '{SERVICE}' THEN {everything}"
        return (f"(SELECT CASE WHEN rk_o.id IS NULL OR {subject.id} IS NULL THEN {nothing}{services} ELSE {answer} END"
                f' FROM (SELECT ({object_id})::text COLLATE "C" AS id) rk_o)')

    def holds(self, type_name: str, permission: str, object_id: str, subject: Subject) -> str:
        answer = self.form_holds(type_name, self.graph.form(type_name, permission), "rk_o.id", subject)
        return self.asking(object_id, subject, "false", "true", answer)

    # --- every permission at once ---

    def bits(self, type_name: str, object_id: str, subject: Subject = CALLER) -> str:
        """A bigint with the bit of every permission that holds."""
        plan = Bits(self, type_name)
        questions = [one for one in plan.masked if isinstance(one[0].end, Question)]
        facts = [f"SELECT {branch.choice('bigint')} AS bits FROM {branch.source()} WHERE {branch.where('rk_o.id', subject)}"
                 for branch in self.branches(questions, subject)[0]]
        for wildcard in (False, True):
            reached = [one for one in plan.masked if isinstance(one[0].end, Rows) and one[0].end.wildcard == wildcard]
            if reached:
                facts.append(Reach(self, type_name, reached).facts(subject))
        return (f"(SELECT CASE WHEN rk_o.id IS NULL OR {subject.id} IS NULL THEN 0::bigint"
                f" WHEN {subject.type} = '{SERVICE}' THEN {plan.all}::bigint ELSE {plan.result('rk_f.bits')} END"
                f' FROM (SELECT ({object_id})::text COLLATE "C" AS id) rk_o, LATERAL'
                f" (SELECT coalesce(bit_or(rk_a.bits), 0) AS bits FROM ({' UNION ALL '.join(facts)}) rk_a) rk_f)")

    # --- look-ups ---

    def objects(self, type_name: str, permission: str) -> str:
        """A query for the ids of the objects on which the caller has the permission; one column, id."""
        found = self.form_objects(type_name, self.graph.form(type_name, permission))
        return f"SELECT rk_p.id FROM ({found}) rk_p WHERE {CALLER.type} IS NOT NULL AND {CALLER.id} IS NOT NULL"

    def form_objects(self, type_name: str, form: Form) -> str:
        if isinstance(form, Or):
            return " UNION ".join(f"({self.form_objects(type_name, term)})" for term in form.terms)
        if isinstance(form, Minus):
            right = self.form_holds(type_name, form.right, "rk_c.id", CALLER)
            # IS TRUE: one probe per candidate, whatever the statistics say; else it may become a join of all with all
            return f"SELECT rk_c.id FROM ({self.form_objects(type_name, form.left)}) rk_c WHERE (NOT {right}) IS TRUE"
        masked = [(path, 1) for path in self.graph.paths(type_name, form.atoms)]
        always, behind = self.branches(masked, CALLER)
        return self.either([f"SELECT rk_1.object_id AS id FROM {branch.source()}"
                            f" WHERE {branch.condition(None, CALLER)}" for branch in always + behind])

    @staticmethod
    def either(parts: List[str]) -> str:
        if not parts:
            return "SELECT NULL::text AS id WHERE false"
        if len(parts) == 1:
            return "SELECT DISTINCT" + parts[0][len("SELECT"):]
        return " UNION ".join(parts)

    def subjects(self, type_name: str, permission: str) -> str:
        """A query for the ids of the users who have the permission on object $1, with '*' where a stranger has it."""
        form = self.graph.form(type_name, permission)
        masked = [(path, 1) for path in self.graph.mentions(type_name, form)]
        always, _ = self.branches(masked, None)
        found = self.either([f"SELECT rk_{branch.rows}.subject_id AS id FROM {branch.source()}"
                             f" WHERE {branch.condition(OBJECT, None)}" for branch in always])
        if not isinstance(form, Any) or self.asks(form, type_name):
            each = self.holds(type_name, permission, OBJECT, Subject("'u'", "rk_c.id", "u"))
            stranger = self.holds(type_name, permission, OBJECT, Subject("'u'", "''", "u"))
            found = (f"SELECT rk_c.id FROM ({found}) rk_c WHERE rk_c.id <> {quoted(ALL)} AND {each}"
                     f" UNION ALL SELECT {quoted(ALL)} WHERE {stranger}")
        return f"SELECT rk_p.id FROM ({found}) rk_p WHERE {OBJECT} IS NOT NULL"

    def asks(self, form: Any, type_name: str) -> bool:
        return any(isinstance(path.end, Question) for path in self.graph.paths(type_name, form.atoms))


class Reach:
    """All objects that paths lead to, each place numbered, and there a probe for the rows that name the subject. The
    probe stands in a select of its own and asks for one subject id, so that it can only be a probe of an index."""

    def __init__(self, compiler: Compiler, type_name: str, masked: List[Masked]):
        self.compiler = compiler
        self.type_name = type_name
        self.masked = masked
        self.wildcard = masked[0][0].end.wildcard
        self.places = list(dict.fromkeys(path.steps for path, _ in masked))

    def facts(self, subject: Subject) -> str:
        named = quoted(ALL) if self.wildcard else subject.id
        probe = (f"FROM {TABLE} rk_r WHERE rk_r.object_id = rk_x.id AND rk_r.object_type = rk_x.type"
                 f' AND rk_r.subject_id = {named} AND rk_r.subject_type = ({subject.type})::"char"')
        objects = " UNION ALL ".join(self.level(depth) for depth in sorted({len(steps) for steps in self.places}))
        return f"SELECT (SELECT bit_or({self.mask()}) {probe}) AS bits FROM ({objects}) rk_x"

    def level(self, depth: int) -> str:
        """The objects at the end of so many steps."""
        if depth == 0:
            letter = quoted(self.compiler.storage.types[self.type_name])
            return f'SELECT rk_o.id AS id, {letter}::"char" AS type, {self.places.index(()) + 1} AS place'
        branch = Branch(self.compiler, [(Path(self.type_name, steps, None), self.places.index(steps) + 1)
                                        for steps in self.places if len(steps) == depth])
        return (f"SELECT rk_{depth}.subject_id AS id, rk_{depth}.subject_type AS type,"
                f" {branch.choice('integer')} AS place FROM {branch.source()} WHERE {branch.where('rk_o.id', None)}")

    def mask(self) -> str:
        storage = self.compiler.storage
        rows = [([quoted(storage.types[name]), str(self.places.index(path.steps) + 1),
                  quoted(storage.relations[path.end.relation])], bits)
                for path, bits in self.masked for name in sorted(path.end.types)]
        only = {"rk_x.place": ["1"]} if len(self.places) == 1 else {}
        return choose(["rk_r.subject_type", "rk_x.place", "rk_r.relation"], rows, only, "bigint")


class Bits:
    """How facts about an object become the bits of its permissions."""

    def __init__(self, compiler: Compiler, type_name: str):
        self.graph = compiler.graph
        self.type_name = type_name
        self.all = 0
        self.plain = 0  # bits that the facts give directly
        self.derived: List[Tuple[int, Form]] = []
        self.bits_of: Dict[Any, int] = {}  # unions of atoms and the bit that says that one holds
        self.next_bit = WIDTH
        scopes = compiler.storage.scopes
        for permission in self.graph.schema.definitions[type_name].permissions:
            self.permission(1 << scopes.index(permission), self.graph.form(type_name, permission))
        self.formulas = [(bit, self.formula(form)) for bit, form in self.derived]
        self.masked = self.collect()

    def permission(self, bit: int, form: Form) -> None:
        self.all |= bit
        for term in form.terms if isinstance(form, Or) else (form,):
            if isinstance(term, Any):
                self.plain |= bit
                self.bits_of[term] = self.bits_of.get(term, 0) | bit
            else:
                self.derived.append((bit, term))

    def fact(self, form: Any) -> int:
        """A bit that is set when one of these atoms holds, and in no other case."""
        if form not in self.bits_of:
            if self.next_bit > 62:
                raise OverflowError(f"'{self.type_name}' has too many differences for one number")
            self.bits_of[form] = 1 << self.next_bit
            self.next_bit += 1
        return self.bits_of[form]

    def formula(self, form: Form) -> Callable[[str, Notation], str]:
        if isinstance(form, Any):
            bits = self.fact(form)
            return lambda facts, notation: f"({facts} & {bits & -bits}) {notation.differs} 0"
        if isinstance(form, Minus):
            left, right = self.formula(form.left), self.formula(form.right)
            return lambda facts, notation: f"({left(facts, notation)}){notation.and_not}({right(facts, notation)})"
        terms = [self.formula(term) for term in form.terms]
        return lambda facts, notation: notation.either.join(f"({term(facts, notation)})" for term in terms)

    def collect(self) -> List[Masked]:
        masks: Dict[Path, int] = {}
        for form, bits in self.bits_of.items():
            for path in self.graph.paths(self.type_name, form.atoms):
                masks[path] = masks.get(path, 0) | bits
        return list(masks.items())

    def result(self, facts: str) -> str:
        parts = [f"{facts} & {self.plain}::bigint" if self.plain else "0::bigint"]
        parts += [f"CASE WHEN {formula(facts, SQL)} THEN {bit}::bigint ELSE 0 END" for bit, formula in self.formulas]
        return " | ".join(f"({part})" for part in parts) if len(parts) > 1 else parts[0]

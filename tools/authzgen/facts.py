# SPDX-License-Identifier: Apache-2.0
"""Permissions concluded from a few rows of librenku.relation, for an object whose parent is known already.

The rows are looked for by pairs of an object and a subject, all of them in one scan of one index: the object with the
subject, with everybody and with its parent, the parent with the subject, and the one object of a type with few subjects
(the platform) with the subject. What they prove is settled in C (librenku/authz/facts.c). Where the last pair is found,
or no row leads to the parent, there may be longer paths, and the complete expression is asked instead. A row to another
parent would not be seen: storage.tbl has to say that there is one at most."""

from typing import List, Tuple

from paths import Rows
from sql import ALL, TABLE, Bits, Compiler, Masked, quoted

PAIR = "rk_r.object_id || ' ' || rk_r.subject_id"  # as in the index relation_pair
# What a row found says first, whom it joins: the object with the subject, with its parent, or with everybody; or the
# subject with the parent, or with a third object. A parent with the id of the object or of the subject is these.
OWN, UPWARDS, EVERYBODY, PARENT, THIRD = "o", "u", "e", "p", "t"
Proof = Tuple[str, int]  # four letters: whom it joins, the types and the relation; the bits that such a row proves


def char(letter: str) -> str:
    return f'{quoted(letter)}::"char"'


class Facts:
    """The facts about objects of one type, and what each proves."""

    def __init__(self, compiler: Compiler, type_name: str):
        self.storage = compiler.storage
        self.type_name = type_name
        self.bits = Bits(compiler, type_name)
        self.near = [one for one in self.bits.masked if one[0].last_type not in self.storage.single]
        self.arrows = sorted({step.relation for path, _ in self.near for step in path.steps})
        self.parents = sorted({self.storage.types[step.type] for path, _ in self.near for step in path.steps})

    def suffice(self) -> bool:
        """Whether such rows can say it all: at most one step, always the same, to rows that name the subject."""
        return (self.type_name not in self.storage.single and self.storage.single == set(self.storage.only)
                and len(self.arrows) == 1 and self.storage.one.issuperset(self.arrows)
                and all(self.is_short(one) for one in self.near))

    @staticmethod
    def is_short(masked: Masked) -> bool:
        path, _ = masked
        return isinstance(path.end, Rows) and (not path.steps or len(path.steps) == 1 and not path.end.wildcard)

    def sql(self, object_id: str, parent: str, subject: str) -> str:
        """A text: four letters for each row that was found. A function costs its preparation in every execution, so there
        are few: letters become text all at once."""
        pairs = [f"{object_id} || ' ' || {subject}", f"{object_id} || ' {ALL}'", f"{object_id} || ' ' || {parent}",
                 f"{parent} || ' ' || {subject}"]
        pairs += [f"{quoted(only + ' ')} || {subject}" for only in sorted(self.storage.only.values())]
        joins = (f"CASE WHEN rk_r.object_id = {object_id} THEN"
                 f" CASE WHEN rk_r.subject_id = {subject} THEN {char(OWN)}"
                 f" WHEN rk_r.subject_id = {parent} THEN {char(UPWARDS)} ELSE {char(EVERYBODY)} END"
                 f" WHEN rk_r.object_id = {parent} THEN {char(PARENT)} ELSE {char(THIRD)} END")
        return (f"array_to_string(ARRAY(SELECT ARRAY[{joins}, rk_r.object_type, rk_r.relation, rk_r.subject_type]"
                f" FROM {TABLE} rk_r WHERE {PAIR} = ANY (ARRAY[{', '.join(pairs)}])), '')")

    def arrow(self) -> str:
        """The letter of the relation that leads to the parent."""
        return self.storage.relations[self.arrows[0]]

    def proofs(self) -> List[Proof]:
        return [proof for one in self.near for proof in self.proofs_of(one)]

    def proofs_of(self, masked: Masked) -> List[Proof]:
        path, bits = masked
        place = PARENT if path.steps else EVERYBODY if path.end.wildcard else OWN
        row = place + self.storage.types[path.last_type] + self.storage.relations[path.end.relation]
        return [(row + self.storage.types[name], bits) for name in sorted(path.end.types)]

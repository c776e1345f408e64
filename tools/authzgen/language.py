# SPDX-License-Identifier: Apache-2.0
"""Reads SpiceDB's schema language: definitions, relations, permissions with + - -> and parentheses.

Union binds tighter than difference. A statement ends where its line ends, unless the line ends with an operator.
The right side of a difference is one name: anything longer is written as a permission of its own."""

import re
from dataclasses import dataclass, field
from typing import Dict, List, NamedTuple, Optional, Tuple, Union


class SchemaError(Exception):
    """What is wrong with a schema, and where."""

    def __init__(self, path: str, line: int, message: str):
        super().__init__(f"{path}:{line}: {message}")


class Token(NamedTuple):
    kind: str  # name, a punctuation mark, "end of line", "end of file"
    text: str
    line: int


@dataclass(frozen=True)
class Name:
    """A relation or a permission of the same definition."""

    name: str
    line: int


@dataclass(frozen=True)
class Arrow:
    """A relation or a permission of the objects that a relation points to."""

    relation: str
    target: str
    line: int


@dataclass(frozen=True)
class Sum:
    terms: Tuple["Expression", ...]


@dataclass(frozen=True)
class Difference:
    left: "Expression"
    right: Name


Expression = Union[Name, Arrow, Sum, Difference]


class Subject(NamedTuple):
    type: str
    wildcard: bool
    line: int


@dataclass
class Relation:
    name: str
    line: int
    subjects: List[Subject]


@dataclass
class Permission:
    name: str
    line: int
    expression: Expression


@dataclass
class Definition:
    name: str
    line: int
    relations: Dict[str, Relation] = field(default_factory=dict)
    permissions: Dict[str, Permission] = field(default_factory=dict)


@dataclass
class Schema:
    path: str
    definitions: Dict[str, Definition]


NAME = re.compile(r"[a-z][a-z0-9_]{1,62}[a-z0-9]")
DEPTH_MAX = 50
KEYWORDS = ("definition", "relation", "permission", "caveat", "with", "use", "partial")
TOKEN = re.compile(
    r"(?P<space>[ \t\r]+)|(?P<comment>//[^\n]*|/\*.*?\*/)|(?P<newline>\n)"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*)|(?P<mark>->|[-+|:*=(){}])|(?P<strange>.)",
    re.DOTALL,
)
# A line that ends with one of these ends a statement.
CLOSING = ("name", ")", "}", "*")


def tokens(text: str, path: str) -> List[Token]:
    found: List[Token] = []
    line = 1
    for match in TOKEN.finditer(text):
        kind, piece = match.lastgroup, match.group()
        if kind == "strange":
            raise SchemaError(path, line, f"'{piece}' does not belong to the language as far as it is known here")
        if kind == "newline" and found and found[-1].kind in CLOSING:
            found.append(Token("end of line", "end of line", line))
        elif kind in ("name", "mark"):
            found.append(Token("name" if kind == "name" else piece, piece, line))
        line += piece.count("\n")
    found.append(Token("end of file", "end of file", line))
    return found


class Parser:
    def __init__(self, text: str, path: str):
        self.path = path
        self.tokens = tokens(text, path)
        self.place = 0
        self.depth = 0  # of parentheses

    def fail(self, message: str, line: Optional[int] = None) -> SchemaError:
        return SchemaError(self.path, self.next().line if line is None else line, message)

    def next(self) -> Token:
        return self.tokens[self.place]

    def accept(self, kind: str) -> Optional[Token]:
        token = self.next()
        if token.kind != kind:
            return None
        self.place += 1
        return token

    def expect(self, kind: str, what: str) -> Token:
        token = self.accept(kind)
        if token is None:
            raise self.fail(f"expected {what}, found '{self.next().text}'")
        return token

    def keyword(self, *words: str) -> Token:
        token = self.next()
        if token.kind != "name" or token.text not in words:
            raise self.fail(f"expected {' or '.join(repr(word) for word in words)}, found '{token.text}'")
        self.place += 1
        return token

    def name(self, what: str) -> Token:
        token = self.expect("name", f"the name of {what}")
        if token.text in KEYWORDS:
            raise self.fail(f"'{token.text}' is a word of the language, not the name of {what}", token.line)
        if not NAME.fullmatch(token.text):
            raise self.fail(
                f"'{token.text}' is no name: 3 to 64 lower-case letters, digits and '_', a letter first, no '_' last",
                token.line,
            )
        return token

    def skip_lines(self) -> None:
        while self.accept("end of line"):
            pass

    def end_statement(self) -> None:
        if self.next().kind not in ("end of line", "end of file", "}"):
            raise self.fail(f"expected the end of the line, found '{self.next().text}'")
        self.skip_lines()

    # --- grammar ---

    def schema(self) -> Schema:
        definitions: Dict[str, Definition] = {}
        self.skip_lines()
        while not self.accept("end of file"):
            definition = self.definition()
            if definition.name in definitions:
                raise self.fail(f"'{definition.name}' is defined twice", definition.line)
            definitions[definition.name] = definition
            self.skip_lines()
        return Schema(self.path, definitions)

    def definition(self) -> Definition:
        self.keyword("definition")
        name = self.name("a definition")
        definition = Definition(name.text, name.line)
        self.expect("{", "'{'")
        self.skip_lines()
        while not self.accept("}"):
            self.member(definition)
        self.end_statement()
        return definition

    def member(self, definition: Definition) -> None:
        kind = self.keyword("relation", "permission")
        name = self.name(f"a {kind.text}")
        if name.text in definition.relations or name.text in definition.permissions:
            raise self.fail(f"'{definition.name}' has two members '{name.text}'", name.line)
        if kind.text == "relation":
            self.expect(":", "':'")
            definition.relations[name.text] = Relation(name.text, name.line, self.subjects())
        else:
            self.expect("=", "'='")
            definition.permissions[name.text] = Permission(name.text, name.line, self.expression())
        self.end_statement()

    def subjects(self) -> List[Subject]:
        found = [self.subject()]
        while self.accept("|"):
            found.append(self.subject())
        return found

    def subject(self) -> Subject:
        name = self.name("a subject type")
        wildcard = False
        if self.accept(":"):
            self.expect("*", "'*'")
            wildcard = True
        return Subject(name.text, wildcard, name.line)

    def expression(self) -> Expression:
        left = self.sum()
        if not self.accept("-"):
            return left
        name = self.name("the relation or permission to take away")
        if self.next().kind in ("->", "+", "-"):
            raise self.fail(f"after '- {name.text}' nothing may follow: use parentheses")
        return Difference(left, Name(name.text, name.line))

    def sum(self) -> Expression:
        terms = [self.term()]
        while self.accept("+"):
            terms.append(self.term())
        return terms[0] if len(terms) == 1 else Sum(tuple(terms))

    def term(self) -> Expression:
        if self.accept("("):
            self.depth += 1
            if self.depth > DEPTH_MAX:
                raise self.fail(f"more than {DEPTH_MAX} parentheses are open")
            inner = self.expression()
            self.expect(")", "')'")
            self.depth -= 1
            return inner
        name = self.name("a relation or permission")
        if self.accept("->"):
            target = self.name("a relation or permission")
            return Arrow(name.text, target.text, name.line)
        return Name(name.text, name.line)


def parse(text: str, path: str) -> Schema:
    return Parser(text, path).schema()

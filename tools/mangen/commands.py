# SPDX-License-Identifier: Apache-2.0
"""renku(1) and a page for each command, from what `renku help` says."""

import re
import subprocess
from dataclasses import dataclass, field

from .roff import Page, bold, code, escape, item, prose

USAGE = re.compile(r"usage: (.*)", re.IGNORECASE)
EXIT = re.compile(r"Exit status: (.*)\.")


@dataclass
class Help:
    usage: str
    summary: str
    options: list = field(default_factory=list)  # (words, help)
    notes: list = field(default_factory=list)
    examples: list = field(default_factory=list)


def ask(program, *words):
    done = subprocess.run([program, "help", *words], capture_output=True, text=True, check=False)
    if done.returncode or not USAGE.match(done.stdout):
        raise SystemExit(f"mangen: `renku help {' '.join(words)}` has no usage line: {done.stdout}{done.stderr}")
    return done.stdout


def option_of(line, usage):
    """(words, help) of a line of options. Words of the usage line are known, however close the help stands."""
    known = [words for words in re.findall(r"\[(--[^]]+)\]", usage) if line.startswith(f"{words} ")]
    if known:
        words = max(known, key=len)
        return words, line[len(words) :].strip()
    words, _, text = line.partition("  ")
    return words.rstrip(), text.strip()


def parse(text):
    head, *rest = text.strip().splitlines()
    parsed = Help(USAGE.match(head).group(1), "")
    for block in re.split(r"\n\s*\n", "\n".join(rest).strip("\n")):
        sentences = []
        for line in block.splitlines():
            if line.startswith(" "):
                parsed.options.append(option_of(line.strip(), parsed.usage))
            elif line.startswith("example: "):
                parsed.examples.append(line.removeprefix("example: "))
            else:
                sentences.append(line)
        if sentences:
            parsed.notes.append(" ".join(sentences))
    parsed.summary = parsed.notes.pop(0)
    return parsed


def commands_of(text):
    """(name, summary) of each row of `renku help`."""
    rows = re.findall(r"^  (\S+(?: \S+)*?)(?:  +| (?=[A-Z]))(\S.*)$", text, re.MULTILINE)
    if not rows:
        raise SystemExit("mangen: `renku help` lists no commands")
    return rows


def page_name(command):
    return "-".join(["renku", *command.split()])


def short(summary):
    """The first sentence, for a line of an index."""
    return re.split(r"(?<=[\w)])[.:;] ", f"{summary} ")[0].strip()


def synopsis(usage):
    words, _, rest = usage.partition(" [")
    fixed = re.match(r"renku(?: [a-z-]+)*", words).group(0)
    return f"{bold(fixed)}{escape(usage[len(fixed):])}"


def command_page(command, text, status, siblings):
    parsed = parse(text)
    page = Page(page_name(command), 1, short(parsed.summary))
    page.add("SYNOPSIS", synopsis(parsed.usage))
    page.add("DESCRIPTION", prose(parsed.summary), *(f".PP\n{prose(note)}" for note in parsed.notes))
    if parsed.options:
        page.add("OPTIONS", *(item(bold(words), prose(text)) for words, text in parsed.options))
    page.add("EXIT STATUS", prose(status))
    if parsed.examples:
        page.add("EXAMPLES", *(code(f"$ {example}") for example in parsed.examples))
    page.see([("renku", 1), *siblings])
    return page


def main_page(text, rows, status):
    page = Page("renku", 1, "operates Renku data services")
    page.add("SYNOPSIS", synopsis(parse(text).usage))
    page.add(
        "DESCRIPTION",
        prose(
            "Starts, migrates, examines and operates a platform. `renku up` runs one on this machine, from nothing; "
            "`renku server` is the part of it that answers the REST API. "
            "Each command has a page of its own, and tells the same with `--help`."
        ),
    )
    page.add("COMMANDS", *(item(bold(name), prose(summary)) for name, summary in rows))
    page.add("EXIT STATUS", prose(status))
    page.add("EXAMPLES", *(code(f"$ {example}") for example in parse(text).examples))
    page.see([*((page_name(name), 1) for name, _ in rows), ("librenku", 3)])
    return page


def pages(program):
    text = ask(program)
    rows = commands_of(text)
    status = EXIT.search(text)
    if not status:
        raise SystemExit("mangen: `renku help` does not tell the exit status")
    yield main_page(text, rows, status.group(1) + ".")
    for name, _ in rows:
        group = name.split()[0]
        siblings = [(page_name(other), 1) for other, _ in rows if other.split()[0] == group]
        yield command_page(name, ask(program, *name.split()), status.group(1) + ".", siblings)

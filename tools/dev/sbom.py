#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes a software bill of materials, CycloneDX 1.5 in JSON: what librenku and its programs link and need.

usage: sbom.py --build DIR [--out FILE]

Everything comes from the machine: the linker's entries, the packages of dpkg that own the files, their licences.
SOURCE_DATE_EPOCH sets the time that the document names, so that the same packages give the same bytes.
"""

import argparse
import datetime
import json
import os
import platform
import re
import subprocess
import sys
import uuid
from pathlib import Path
from urllib.parse import quote

ROOT = Path(__file__).resolve().parents[2]
LICENCE = {"license": {"id": "Apache-2.0"}}
# Of ours: the file in the build folder, and what it is.
OURS = {
    "librenku.so": (".libs/librenku.so", "library"),
    "renku": ("bin/.libs/renku", "application"),
    "renku-rclone": ("renku-rclone", "application"),
    "renku_server.so": ("frontends/server/.libs/renku_server.so", "library"),
}
# What programs start or read instead of linking it.
NEEDED_BY_HAND = {
    "renku_server.so": {"kore": "required"},
    "renku": {"ca-certificates": "optional", "postgresql": "optional", "postgresql-contrib": "optional"},
}
# Packages whose copyright file is prose: what it says of the library itself.
GCC_RUNTIME = "GPL-3.0-or-later WITH GCC-exception-3.1"
LICENCES_IN_PROSE = {
    "libc6": "LGPL-2.1-or-later",
    "libcom-err2": "MIT",
    "libasan8": GCC_RUNTIME,
    "libgcc-s1": GCC_RUNTIME,
    "liblsan0": GCC_RUNTIME,
    "libstdc++6": GCC_RUNTIME,
    "libtsan2": GCC_RUNTIME,
    "libubsan1": GCC_RUNTIME,
    "libgnutls30": "LGPL-2.1-or-later",
    "libgssapi-krb5-2": "MIT",
    "libk5crypto3": "MIT",
    "libkrb5-3": "MIT",
    "libkrb5support0": "MIT",
    "librtmp1": "LGPL-2.1-or-later",
    "libtasn1-6": "LGPL-2.1-or-later",
}


def run(*command) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ | {"LC_ALL": "C"}).stdout


class System:
    """The packages of this machine."""

    def __init__(self):
        release = platform.freedesktop_os_release()
        self.vendor, self.distro = release["ID"], f"{release['ID']}-{release.get('VERSION_ID', 'unstable')}"
        self.owners: dict[str, str] = {}
        self.rows: dict[str, list[str]] = {}

    def learn(self, paths: list[str]) -> None:
        """Asks for all owners at once. The list of dpkg may know a file without /usr."""
        names = {path: [os.path.realpath(path), os.path.realpath(path).removeprefix("/usr"), path] for path in paths}
        asked = sorted({name for known in names.values() for name in known})
        lines = subprocess.run(["dpkg-query", "-S", *asked], capture_output=True, text=True).stdout.splitlines()
        owners = {name: package.split(":")[0] for package, _, name in (line.partition(": ") for line in lines)}
        self.owners |= {path: owners[name] for path in paths for name in names[path] if name in owners}

    def owner(self, path: str) -> str:
        return self.owners.get(path) or sys.exit(f"sbom: no package owns {path}")

    def describe(self, packages: list[str]) -> None:
        rows = run("dpkg-query", "-W", "-f", "${Package}\t${Version}\t${Architecture}\t${Homepage}\n", *packages)
        self.rows = {row.split("\t")[0]: row.split("\t")[1:] for row in reversed(rows.splitlines())}

    def component(self, package: str, scope: str) -> dict:
        version, architecture, home = self.rows[package]
        place = quote(version, safe=":~")
        purl = f"pkg:deb/{self.vendor}/{package}@{place}?arch={architecture}&distro={self.distro}"
        found = {"type": "library", "bom-ref": purl, "name": package, "version": version, "scope": scope}
        found["licenses"] = [{"license": {"name": licence(package)}}]
        found["purl"] = purl
        if home:
            found["externalReferences"] = [{"type": "website", "url": home}]
        return found


def licence(package: str) -> str:
    """What the copyright file of the package names for all its files, in its own words."""
    path = Path(f"/usr/share/doc/{package}/copyright")
    text = path.read_text(errors="replace") if path.exists() else ""
    if not text.startswith("Format:"):
        return LICENCES_IN_PROSE.get(package, f"as {path} says")
    named = re.search(r"^Files:\s*\*.*?^License:[ \t]*(\S[^\n]*)$", text, re.MULTILINE | re.DOTALL)
    first = named or re.search(r"^License:[ \t]*(\S[^\n]*)$", text, re.MULTILINE)
    return first[1].strip() if first else f"as {path} says"


def links(path: Path | str) -> list[str]:
    """The names in the linker's entries."""
    return re.findall(r"\(NEEDED\)\s+Shared library: \[(.+?)\]", run("readelf", "-d", path))


def resolved(path: Path) -> dict[str, str]:
    """Where each library is found, those of libraries too."""
    return dict(re.findall(r"^\s*(\S+) => (/\S+)", run("ldd", path), re.MULTILINE))


class Bill:
    def __init__(self, build: Path):
        self.build, self.system = build, System()
        self.seen: set[str] = set()
        self.scopes: dict[str, str] = {}
        self.edges: dict[str, set[str]] = {}

    def link(self, node: str, path: Path | str, places: dict[str, str]) -> None:
        """Follows the entries of one file, and those of what they lead to."""
        for name in links(path):
            if name.startswith("librenku.so"):
                self.edges[node].add("librenku.so")
                continue
            if name not in places:
                continue  # the loader itself, whose package libc6 is there anyhow
            package = self.system.owner(places[name])
            if package != node:
                self.edges[node].add(package)
            if package not in self.scopes or name not in self.seen:
                self.scopes[package] = "required"
                self.seen.add(name)
                self.edges.setdefault(package, set())
                self.link(package, places[name], places)

    def collect(self) -> None:
        for name, (place, _kind) in OURS.items():
            places = resolved(self.build / place)
            self.system.learn([found for entry, found in places.items() if not entry.startswith("librenku.so")])
            self.edges[name] = set()
            self.link(name, self.build / place, places)
            for package, scope in NEEDED_BY_HAND.get(name, {}).items():
                self.edges[name].add(package)
                self.edges.setdefault(package, set())
                self.scopes.setdefault(package, scope)

    def document(self) -> dict:
        self.collect()
        version = re.search(r"^AC_INIT\(\[librenku\], \[(.+?)\]", (ROOT / "configure.ac").read_text(), re.MULTILINE)[1]
        ours = [own_component(name, kind, version) for name, (_place, kind) in OURS.items()]
        self.system.describe(sorted(self.scopes))
        others = [self.system.component(package, self.scopes[package]) for package in sorted(self.scopes)]
        refs = {component["name"]: component["bom-ref"] for component in [*ours, *others]}
        root = {**own_component("librenku", "application", version), "purl": f"pkg:generic/librenku@{version}"}
        edges = {root["bom-ref"]: [refs[name] for name in OURS]}
        edges |= {refs[node]: sorted(refs[name] for name in targets) for node, targets in sorted(self.edges.items())}
        body = {
            "metadata": {"timestamp": moment(), "component": root},
            "components": [*ours, *others],
            "dependencies": [{"ref": ref, "dependsOn": targets} for ref, targets in edges.items()],
        }
        serial = uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(body, sort_keys=True))
        return {"bomFormat": "CycloneDX", "specVersion": "1.5", "serialNumber": f"urn:uuid:{serial}", "version": 1, **body}


def own_component(name: str, kind: str, version: str) -> dict:
    return {"type": kind, "bom-ref": f"{name}@{version}", "name": name, "version": version, "licenses": [LICENCE]}


def moment() -> str:
    seconds = os.environ.get("SOURCE_DATE_EPOCH")
    when = datetime.datetime.fromtimestamp(int(seconds), datetime.timezone.utc) if seconds else datetime.datetime.now(datetime.timezone.utc)
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=Path, default=ROOT / "build")
    parser.add_argument("--out", type=Path, help="the file; the standard output when it is left out")
    options = parser.parse_args()
    text = json.dumps(Bill(options.build).document(), indent=2) + "\n"
    if not options.out:
        sys.stdout.write(text)
        return 0
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())

# SPDX-License-Identifier: Apache-2.0
"""Passwords as rclone keeps them: what we make, the real rclone reads, and the reverse. Spec: storage.md 5.1"""

import base64
import json
import random
import subprocess
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest

from peers.rclone import call, wait_for
from support.ports import free_port

RNG = random.Random(4711)
ALPHABET = "abcXYZ019-_ =+/\"'\\$`äöü€𝄞\t\n"
LENGTHS = [*range(1, 68), 127, 255, 256, 1000, 5000]


@pytest.fixture
def crypto(start_driver):
    return start_driver(DUMMY_STORES="true")


@pytest.fixture(scope="module")
def rcd(rclone, tmp_path_factory):
    """Obscures text after text in one process."""
    port = free_port()
    log = (tmp_path_factory.mktemp("rcd") / "log").open("wb")
    command = [rclone, "rcd", "--config", "", "--rc-addr", f"127.0.0.1:{port}", "--rc-no-auth"]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env={"HOME": "/nonexistent"})
    wait_for("127.0.0.1", port, process)

    def obscure(text: str) -> str:
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/core/obscure", json.dumps({"clear": text}).encode(), {"content-type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)["obscured"]

    yield obscure
    process.kill()
    process.wait()


def texts(times: int) -> list[str]:
    return ["".join(RNG.choice(ALPHABET) for _ in range(length)) for length in LENGTHS for _ in range(times)]


# Spec: storage.md 5.1
def test_what_the_real_rclone_obscures_we_reveal(crypto, rcd):
    for text in texts(6):
        assert crypto.call("reveal", obscured=rcd(text))["text"] == text


# Spec: storage.md 5.1
def test_what_we_obscure_the_real_rclone_reveals(crypto, rclone):
    wanted = [text for text in texts(5) if len(text) < 1000 and "\t" not in text]
    made = [crypto.call("obscure", text=text)["obscured"] for text in wanted]
    with ThreadPoolExecutor(2) as pool:
        revealed = list(pool.map(lambda one: call(rclone, "reveal", "--", one), made))
    assert revealed == [f"{text}\n" for text in wanted]
    assert len(wanted) >= 100


def test_both_ways_without_rclone(crypto):
    for text in [*texts(8), ""]:
        made = crypto.call("obscure", text=text)["obscured"]
        assert len(made) == -(-(16 + len(text.encode())) * 4 // 3)
        assert crypto.call("reveal", obscured=made)["text"] == text


@pytest.mark.parametrize("odd", ["", "x", "A" * 20, "!" * 30, base64.urlsafe_b64encode(bytes(range(30))).decode() + "=", "ä" * 30])
def test_what_was_not_obscured_is_refused(crypto, odd):
    assert crypto.call("reveal", obscured=odd)["code"] == 1510

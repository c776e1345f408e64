# SPDX-License-Identifier: Apache-2.0
"""Secrets at rest: what we write, PyPI's cryptography reads, and the reverse."""

import base64
import os
import random

import pytest
from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

ROUND_TRIPS = 2000
USER = "11111111-2222-3333-4444-555555555555"
RNG = random.Random(20260105)


def derive(password: bytes, salt: str) -> bytes:
    """Spec: secrets.md 4.1"""
    kdf = PBKDF2HMAC(algorithm=hashes.SHA256(), length=32, salt=salt.encode(), iterations=480000)
    return base64.urlsafe_b64encode(kdf.derive(password))


@pytest.fixture
def crypto(start_driver):
    return start_driver(DUMMY_STORES="true")


def together(driver, requests: list[tuple[str, dict]]) -> list[dict]:
    """Sends all, then takes all answers."""
    places = [driver.begin(do, **request) for do, request in requests]
    return [place.get(timeout=120) for place in places]


def sizes():
    """Around the blocks of the cipher, and anything up to some kilobytes."""
    yield from range(0, 66)
    while True:
        yield RNG.choice((RNG.randrange(200), RNG.randrange(8000)))


# Spec: secrets.md 4.2
def test_what_we_seal_others_open(crypto):
    keys = [Fernet.generate_key() for _ in range(ROUND_TRIPS)]
    plains = [RNG.randbytes(size) for _, size in zip(keys, sizes())]
    answers = together(crypto, [("seal", {"key": k.decode(), "plain": p.hex()}) for k, p in zip(keys, plains)])
    for key, plain, answer in zip(keys, plains, answers):
        assert len(answer["token"]) == 4 * -(-(57 + 16 * (len(plain) // 16 + 1)) // 3)
        assert Fernet(key).decrypt(answer["token"].encode()) == plain
    assert len({answer["token"] for answer in answers}) == ROUND_TRIPS


# Spec: secrets.md 4.2
def test_what_others_seal_we_open(crypto):
    keys = [Fernet.generate_key() for _ in range(ROUND_TRIPS)]
    plains = [RNG.randbytes(size) for _, size in zip(keys, sizes())]
    tokens = [Fernet(key).encrypt(plain).decode() for key, plain in zip(keys, plains)]
    answers = together(crypto, [("open", {"key": k.decode(), "token": t}) for k, t in zip(keys, tokens)])
    for plain, answer in zip(plains, answers):
        assert bytes.fromhex(answer["plain"]) == plain


# Spec: secrets.md 4.2: neither age nor future of a token matters
@pytest.mark.parametrize("seconds", [0, 1, 2**31, 2**63, 2**64 - 1])
def test_the_time_of_a_token_does_not_matter(crypto, seconds):
    key = Fernet.generate_key()
    body = base64.urlsafe_b64decode(Fernet(key).encrypt(b"hello"))[:-32]
    body = body[:1] + seconds.to_bytes(8, "big") + body[9:]
    mac = signature(key, body)
    token = base64.urlsafe_b64encode(body + mac).decode()
    assert bytes.fromhex(crypto.call("open", key=key.decode(), token=token)["plain"]) == b"hello"


def signature(key: bytes, body: bytes) -> bytes:
    from cryptography.hazmat.primitives import hmac

    mac = hmac.HMAC(base64.urlsafe_b64decode(key)[:16], hashes.SHA256())
    mac.update(body)
    return mac.finalize()


# Spec: secrets.md 4.2: each byte counts
def test_a_changed_token_is_refused(crypto):
    key = Fernet.generate_key()
    raw = base64.urlsafe_b64decode(Fernet(key).encrypt(b"some longer text, two blocks"))
    changed = [raw[:i] + bytes([raw[i] ^ (1 << bit)]) + raw[i + 1 :] for i in range(len(raw)) for bit in (0, 7)]
    changed += [raw[:i] for i in range(len(raw))] + [raw + b"\0", raw[16:], b"", raw[:25] + raw[-32:]]
    tokens = [base64.urlsafe_b64encode(token).decode() for token in changed]
    good = base64.urlsafe_b64encode(raw).decode()
    tokens += [good.rstrip("="), good + "=", good + "\n", " " + good, good[:10] + "\n" + good[10:], good.replace("-", "+").replace("_", "/") + "+", "!", "é"]
    for token, answer in zip(tokens, together(crypto, [("open", {"key": key.decode(), "token": t}) for t in tokens])):
        if token != good:
            assert answer.get("code") == 1510, (token, answer)
            assert "plain" not in answer


# Spec: secrets.md 4.2: version and padding are checked though the signature is right
def test_a_signed_token_may_still_be_wrong(crypto):
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    key = Fernet.generate_key()
    iv = bytes(16)

    def token(version: int, padded: bytes) -> str:
        encryptor = Cipher(algorithms.AES(base64.urlsafe_b64decode(key)[16:]), modes.CBC(iv)).encryptor()
        body = bytes([version]) + bytes(8) + iv + encryptor.update(padded)
        return base64.urlsafe_b64encode(body + signature(key, body)).decode()

    paddings = {b"x" * 15 + b"\1": True, b"\x10" * 16: True, b"x" * 16: False, b"x" * 15 + b"\0": False, b"x" * 15 + b"\x11": False, b"x" * 14 + b"\1\2": False}
    for padded, right in paddings.items():
        answer = crypto.call("open", key=key.decode(), token=token(0x80, padded))
        assert ("plain" in answer) is right, padded
    for version in (0, 0x7F, 0x81, 0xFF):
        assert crypto.call("open", key=key.decode(), token=token(version, b"x" * 15 + b"\1"))["code"] == 1510


# Spec: secrets.md 4.2
def test_another_key_opens_nothing(crypto):
    key, other = Fernet.generate_key(), Fernet.generate_key()
    token = Fernet(key).encrypt(b"hello").decode()
    assert crypto.call("open", key=other.decode(), token=token)["code"] == 1510
    for odd in (key.decode()[:-1], key.decode() + "A", key.decode().rstrip("="), "", "!" * 44):
        assert crypto.call("open", key=odd, token=token)["code"] == 1500


TEXTS = ["", "hello renku", "s3cr3t-v\u00e4lue", "\u0416\U0001f600" * 50, "x" * 5000]
PASSWORDS = [bytes(range(32)), b"correct-horse-battery-staple", b"a\nb\n", os.urandom(100), "p\u00e4ss".encode(), b""]


# Spec: secrets.md 4.1, 4.3: the whole way, both ways
def test_texts_go_both_ways(crypto):
    for i, text in enumerate(TEXTS):
        password, salt = PASSWORDS[i], (USER, "", "anon-\u00fc", "x", USER)[i]
        key = derive(password, salt)
        request = {"password": password.hex(), "salt": salt}
        assert crypto.call("derive", **request)["key"] == key.decode()
        token = crypto.call("encrypt", text=text, **request)["token"]
        assert Fernet(key).decrypt(token.encode()).decode() == text
        assert crypto.call("decrypt", token=Fernet(key).encrypt(text.encode()).decode(), **request)["text"] == text


# Spec: secrets.md 4.3: a wrong password or salt opens nothing
def test_a_wrong_password_opens_nothing(crypto):
    token = crypto.call("encrypt", text="hello", password="00", salt=USER)["token"]
    assert crypto.call("decrypt", token=token, password="01", salt=USER)["code"] == 1510
    assert crypto.call("decrypt", token=token, password="00", salt="x")["code"] == 1510
    with pytest.raises(InvalidToken):
        Fernet(derive(b"\1", USER)).decrypt(token.encode())


# Spec: secrets.md 4.3: what comes out must be text
@pytest.mark.parametrize("plain", [b"\xff", b"a\0b", b"\xed\xa0\x80", b"\xc0\x80"], ids=repr)
def test_what_is_no_text_is_refused(crypto, plain):
    token = Fernet(derive(b"\0", USER)).encrypt(plain).decode()
    assert crypto.call("decrypt", token=token, password="00", salt=USER)["code"] == 1510


# Spec: secrets.md 4.1, 4.8
def test_the_vectors_of_the_specification(crypto):
    expected = {
        (b"correct-horse-battery-staple", USER): "iyoaxoD2bm-3EEnskA40RLSHquaaL2JqCP0NgxUAJ9A=",
        (b"ZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXp7fH1-f4CBgoM", USER): "bP5tf6WeGdy2sRUrcJEcwqe8ix6C8dHpUsV8Ls5bVds=",
    }
    for (password, salt), key in expected.items():
        assert crypto.call("derive", password=password.hex(), salt=salt)["key"] == key
    user_key = b"ZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXp7fH1-f4CBgoM"
    wrapped = "gAAAAABlU_EAAAECAwQFBgcICQoLDA0ODwge2zxkPqxte7vuRSysiVE7FVBCqhpFpmUTNlqFf2NzaxL4qr2rhBU2c3sJwVR_FF_vuYfVkD5yUcnLlN5ip___pR8DzA7KH2Dr0cVoGY1O"
    inner = "gAAAAABlU_EBEBESExQVFhcYGRobHB0eH2RIth0pjL5f0mjTRD4fmrX1qJXb52hCdlRLEWatev3f0L8oVvkS2eANUTQJzEjpGg=="
    outer = "gAAAAABlU_ECICEiIyQlJicoKSorLC0uLyRONGpzgKhhgk5VUOXsW6iGiPHP9yEOHrK3g7NUtPiGM4gCNLaN72Y2sld-zp4taESKyxq5k90j1OjeHiO27fVqYuNO0ymQH2aJNehzrEV1PVaAMpPUH8x-bpAFoOK6RuZHyz8TrnhjGUM8tgfiSyjiR82AaqlIPVVBk00QlFsRcxzH1V-G21lFCEhQErOxNg=="
    assert crypto.call("decrypt", token=wrapped, password=bytes(range(32)).hex(), salt=USER)["text"] == user_key.decode()
    assert crypto.call("decrypt", token=inner, password=user_key.hex(), salt=USER)["text"] == "s3cr3t-v\u00e4lue"
    outer_password = b"yMnKy8zNzs_Q0dLT1NXW19jZ2tvc3d7f4OHi4-Tl5uc="
    assert crypto.call("decrypt", token=outer, password=outer_password.hex(), salt=USER)["text"] == inner


# Issue: neither passwords nor plain texts are logged
def test_no_secret_is_logged(crypto):
    crypto.call("encrypt", text="plain-s3cret", password=b"key-s3cret".hex(), salt=USER)
    crypto.call("decrypt", token="gAAAAA-t0ken", password=b"key-s3cret".hex(), salt=USER)
    log = crypto.text()
    assert not any(word in log for word in ("s3cret", b"key-s3cret".hex(), "t0ken"))

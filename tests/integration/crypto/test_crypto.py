# SPDX-License-Identifier: Apache-2.0
"""Secrets at rest: what we write, PyPI's cryptography reads, and the reverse."""

import base64
import os
import random

import pytest
from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

from support import secrets
from support.server import private_pem, public_pem

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


# --- key derivation and envelopes ------------------------------------------------------------------


ENVELOPES = 1000


@pytest.fixture(scope="module")
def pairs():
    return [rsa.generate_private_key(65537, bits) for bits in (2048, 3072)]


def some_text() -> str:
    size = RNG.choice((0, 1, 15, 16, 17, RNG.randrange(300), RNG.randrange(7000)))
    return "".join(RNG.choice("abcdefgh \u00e4\u20ac\U0001f600") for _ in range(size))


# Spec: secrets.md 4.1: any password, any salt
def test_derived_keys_are_those_of_others(crypto):
    cases = [(RNG.randbytes(RNG.randrange(200)), some_text()[:60], RNG.randrange(1, 40)) for _ in range(ROUND_TRIPS)]
    requests = [("derive_rounds", {"password": p.hex(), "salt": s, "rounds": r}) for p, s, r in cases]
    for (password, salt, rounds), answer in zip(cases, together(crypto, requests)):
        assert answer["key"] == secrets.derive(password, salt, rounds).decode()


# Spec: secrets.md 4.5: what we seal, others open
def test_others_open_our_envelopes(crypto, pairs):
    cases = [(pairs[i % len(pairs)], f"user-{i}", some_text(), RNG.randrange(1, 30)) for i in range(ENVELOPES)]
    requests = [
        ("seal_envelope", {"pem": public_pem(pair).hex(), "user": user, "text": text, "rounds": rounds})
        for pair, user, text, rounds in cases
    ]
    keys = set()
    for (pair, user, text, rounds), answer in zip(cases, together(crypto, requests)):
        key = bytes.fromhex(answer["key"])
        assert len(key) == pair.key_size // 8
        assert secrets.open_outer(pair, user, answer["value"].encode(), key, rounds) == text
        keys.add(pair.decrypt(key, secrets.OAEP))
    assert len(keys) == ENVELOPES and {len(key) for key in keys} == {44}


# Spec: secrets.md 4.5, 6.3: what others seal, we open
def test_we_open_the_envelopes_of_others(crypto, pairs):
    cases, requests = [], []
    for i in range(ENVELOPES):
        pair, user, text, rounds = pairs[i % len(pairs)], f"user-{i}", some_text(), RNG.randrange(1, 30)
        value, key = secrets.seal_outer(pair.public_key(), user, text, rounds)
        cases.append(text)
        requests.append(("open_envelope", {"pem": private_pem(pair).hex(), "user": user, "value": value.decode(), "key": key.hex(), "rounds": rounds}))
    for text, answer in zip(cases, together(crypto, requests)):
        assert answer["text"] == text


# Spec: secrets.md 4.5, 4.9: with the real number of rounds
def test_envelopes_go_both_ways_at_full_cost(crypto, pairs):
    pair = pairs[0]
    for text in ("", "hello", "s3cr3t-v\u00e4lue", "\U0001f600" * 5000):
        sealed = crypto.call("seal_envelope", pem=public_pem(pair).hex(), user=USER, text=text)
        assert secrets.open_outer(pair, USER, sealed["value"].encode(), bytes.fromhex(sealed["key"])) == text
        value, key = secrets.seal_outer(pair.public_key(), USER, text)
        opened = crypto.call("open_envelope", pem=private_pem(pair).hex(), user=USER, value=value.decode(), key=key.hex())
        assert opened["text"] == text


# Spec: secrets.md 4.5: each byte of either part counts
def test_a_changed_envelope_is_refused(crypto, pairs):
    pair = pairs[0]
    value, key = secrets.seal_outer(pair.public_key(), USER, "some text", 1)
    raw = base64.urlsafe_b64decode(value)
    flip = lambda text, i: text[:i] + bytes([text[i] ^ 1 << RNG.randrange(8)]) + text[i + 1 :]  # noqa: E731
    damaged = [(value, flip(key, i)) for i in range(len(key))]
    damaged += [(value, key[:i]) for i in range(0, len(key), 5)] + [(value, key + b"\0"), (value, b"\0" + key), (value, b"\xff" * 256)]
    damaged += [(base64.urlsafe_b64encode(flip(raw, i)), key) for i in range(len(raw))]
    damaged += [(value[:i], key) for i in range(0, len(value), 3)] + [(value + b"A", key), (value + b"=", key)]
    request = {"pem": private_pem(pair).hex(), "user": USER, "rounds": 1}
    requests = [("open_envelope", request | {"value": v.decode(), "key": k.hex()}) for v, k in damaged]
    for answer in together(crypto, requests):
        assert answer.get("code") == 1510 and "text" not in answer
    wrong = [request | {"user": "other"}, request | {"rounds": 2}, request | {"pem": private_pem(pairs[1]).hex()}]
    for other in wrong:
        assert crypto.call("open_envelope", value=value.decode(), key=key.hex(), **other)["code"] == 1510


PASSPHRASE = serialization.BestAvailableEncryption(b"passphrase")
OPEN = serialization.NoEncryption()


def key_texts() -> dict[str, tuple[bytes, int, int]]:
    """name -> (text, code as a public key, code as a private key)"""
    pair = rsa.generate_private_key(65537, 2048)
    curve, edwards = ec.generate_private_key(ec.SECP256R1()), ed25519.Ed25519PrivateKey.generate()
    pem, form = serialization.Encoding.PEM, serialization.PrivateFormat
    public = serialization.PublicFormat

    def private(key, shape=form.PKCS8, cipher=OPEN) -> bytes:
        return key.private_bytes(pem, shape, cipher)

    spki, pkcs8 = public_pem(pair), private(pair)
    return {
        "spki": (spki, 0, 1500),
        "pkcs1-public": (pair.public_key().public_bytes(pem, public.PKCS1), 0, 1500),
        "pkcs8": (pkcs8, 1500, 0),
        "pkcs1": (private(pair, form.TraditionalOpenSSL), 1500, 0),
        "crlf": (spki.replace(b"\n", b"\r\n"), 0, 1500),
        "text-before": (b"a comment\n" + spki, 0, 1500),
        "encrypted": (private(pair, cipher=PASSPHRASE), 1500, 1500),
        "encrypted-pkcs1": (private(pair, form.TraditionalOpenSSL, PASSPHRASE), 1500, 1500),
        "der": (pair.public_key().public_bytes(serialization.Encoding.DER, public.SubjectPublicKeyInfo), 1500, 1500),
        "curve": (public_pem(curve), 1500, 1500),
        "private-curve": (private(curve), 1500, 1500),
        "edwards": (private(edwards), 1500, 1500),
        "empty": (b"", 1500, 1500),
        "nonsense": (b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", 1500, 1500),
        "zeros": (bytes(500), 1500, 1500),
    }


# Spec: secrets.md 6.1: PEM, both forms of either half, not encrypted, RSA alone
def test_keys_are_read_in_their_forms(crypto):
    for name, (text, public, private) in key_texts().items():
        for half, code in ((0, public), (1, private)):
            answer = crypto.call("read_key", pem=text.hex(), private=half)
            assert answer.get("code", 0) == code, (name, half, answer)


# Spec: secrets.md 6.1: a damaged key is an error, whatever is damaged
def test_damaged_keys_are_no_keys_or_other_keys(crypto, pairs):
    requests = []
    for text, half in ((public_pem(pairs[0]), 0), (private_pem(pairs[0]), 1)):
        requests += [("read_key", {"pem": text[:i].hex(), "private": half}) for i in range(0, len(text) - 30, 7)]
    for answer in together(crypto, requests):
        assert answer["code"] == 1500
    changed = []
    for text, half in ((public_pem(pairs[0]), 0), (private_pem(pairs[0]), 1)):
        changed += [("read_key", {"pem": (text[:i] + b"?" + text[i + 1 :]).hex(), "private": half}) for i in range(len(text))]
        changed += [("read_key", {"pem": (text[:i] + b"A" + text[i + 1 :]).hex(), "private": half}) for i in range(len(text))]
    for answer in together(crypto, changed):
        assert answer.get("code", 1500) == 1500

# SPDX-License-Identifier: Apache-2.0
"""The search for secrets in logs finds them. The search itself runs at the end of every suite: support/leaks.py"""

import uuid

from support import leaks
from support.raw import exchange
from support.realm import Realm


def test_a_secret_in_a_log_is_found(tmp_path):
    realm = Realm()
    token, other = (realm.token(str(uuid.uuid4())) for _ in range(2))
    leaks.remember(password := f"pass word {uuid.uuid4()}")
    lines = ["nothing", f"GET /x {token}", f'{{"signature":"{token.rsplit(".", 1)[1]}"}}', f"password={password}", other.split(".")[0], "x" * 342]
    log = tmp_path / "log"
    log.write_text("\n".join(lines))

    assert leaks.lines_with_secrets([log]) == [f"{log}:2", f"{log}:3", f"{log}:4"]


def test_what_a_client_says_wrongly_is_no_secret_in_the_log(api, user, server):
    """Credentials in every wrong place; the end of the suite looks whether the log has them."""
    before = leaks.count()
    token = user.token
    for target in (f"/api/data/user?access_token={token}", f"/api/data/user?token={token}", f"/api/data/projects/{token}"):
        assert exchange(api.url, "GET", target).status < 500
    headers = [("X-Token", token), ("Cookie", f"session={token}"), ("If-Match", token), ("Renku-Auth-Anon-Id", token[:3000])]
    assert exchange(api.url, "PATCH", "/api/data/projects/x", headers, b"{}").status < 500
    assert exchange(api.url, "POST", "/api/data/projects", [("Authorization", f"Bearer {token}")], token.encode()).status < 500
    assert leaks.count() >= before > 0
    assert token.rsplit(".", 1)[1] not in server.log()

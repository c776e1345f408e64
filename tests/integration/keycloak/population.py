# SPDX-License-Identifier: Apache-2.0
"""The clients and users of each realm."""

from peers.realm import LOGIN, client, person, service_account
from support.server import CLIENT_SECRET

SIGNED_SECRET = "a-secret-of-32-bytes-for-assertions"
RENEWED = {"access.token.lifespan": "60", "client_credentials.use_refresh_token": "true"}
CLIENTS = [
    client("renku", CLIENT_SECRET),
    client("signed", SIGNED_SECRET, clientAuthenticatorType="client-secret-jwt"),
    client("renewed", CLIENT_SECRET, attributes=RENEWED),
    client("users-only", CLIENT_SECRET),
    client("powerless", CLIENT_SECRET),
    client("renku-cli", None),
    client("brief", None, attributes={"access.token.lifespan": "1"}),
    client("elsewhere", None, protocolMappers=[]),
    *(client(alg, None, attributes={"access.token.signed.response.alg": alg}) for alg in ("PS256", "ES256")),
]
ALL = ("view-users", "view-realm", "view-events")
ROLES = {"renku": ALL, "signed": ALL, "renewed": ALL, "users-only": ALL[:1]}
PEOPLE = [person(name, credentials=LOGIN) for name in ("alice", "bob")] + [person(f"person{n}") for n in range(42)]
USERS = [service_account(name, *roles) for name, roles in ROLES.items()] + PEOPLE + [person("locked-out", enabled=False)]

# SPDX-License-Identifier: Apache-2.0
"""A realm of a real Keycloak, and what its administrator and its users do there."""

import html
import re
import urllib.parse

from cryptography.hazmat.primitives.asymmetric import rsa

from peers.keycloak import Answer, Keycloak, ask
from support import leaks
from support.server import private_pem

PASSWORD = "peer-user-4712"
LOGIN = [{"type": "password", "value": PASSWORD, "temporary": False}]
AUDIENCE = {
    "name": "audience",
    "protocol": "openid-connect",
    "protocolMapper": "oidc-audience-mapper",
    "config": {"included.client.audience": "renku", "access.token.claim": "true"},
}
KEYS = "org.keycloak.keys.KeyProvider"
EVENTS = ["REGISTER", "UPDATE_PROFILE", "LOGIN", "CLIENT_LOGIN", "REFRESH_TOKEN"]


def client(name: str, secret: str | None, **more) -> dict:
    """One whose tokens are for this service; without a secret it is public."""
    kind = {"publicClient": True} if secret is None else {"secret": secret, "serviceAccountsEnabled": True}
    rest = {"directAccessGrantsEnabled": True, "redirectUris": ["*"], "protocolMappers": [AUDIENCE]}
    return {"clientId": name, "enabled": True} | kind | rest | more


def service_account(name: str, *roles: str) -> dict:
    """The user that a client is when it asks for itself."""
    return {
        "username": f"service-account-{name}",
        "enabled": True,
        "serviceAccountClientId": name,
        "clientRoles": {"realm-management": list(roles)},
    }


def person(name: str, **more) -> dict:
    names = {"username": name, "email": f"{name}@example.org", "firstName": name.capitalize(), "lastName": "Last"}
    return names | {"enabled": True, "emailVerified": True} | more


def signer(priority: int, alg: str = "RS256") -> dict:
    """A key that signs, unless there is one of a higher priority. Made here, where that costs least."""
    key = private_pem(rsa.generate_private_key(public_exponent=65537, key_size=2048)).decode()
    config = {"priority": [str(priority)], "algorithm": [alg], "privateKey": [key]}
    return {"name": f"key-{alg}-{priority}", "providerId": "rsa", "config": config}


class Realm:
    """Made by one request of the administrator; from then on all that happens is an event."""

    def __init__(self, keycloak: Keycloak, name: str, clients: list[dict], users: list[dict]):
        self.keycloak, self.name, self.url = keycloak, name, keycloak.url
        self.issuer = f"{keycloak.url}/realms/{name}"
        self.documents = f"{self.issuer}/protocol/openid-connect"
        self.added: set[str] = set()
        self.appointed: set[str] = set()
        keycloak.admin("POST", "", {
            "realm": name, "enabled": True, "sslRequired": "none", "registrationAllowed": True,
            "eventsEnabled": True, "enabledEventTypes": EVENTS, "adminEventsEnabled": True, "adminEventsDetailsEnabled": True,
            "roles": {"realm": [{"name": "renku-admin"}]}, "clients": clients, "users": users,
            "components": {KEYS: [signer(100)]},
        })  # fmt: skip

    # -- the administrator ----------------------------------------------------------------------

    def admin(self, method: str, path: str, body=None) -> Answer:
        return self.keycloak.admin(method, f"/{self.name}{path}", body)

    def id_of(self, username: str) -> str:
        return self.admin("GET", f"/users?exact=true&username={username}").body[0]["id"]

    def make(self, path: str, body: dict) -> str:
        """The id of what the administrator makes."""
        return self.admin("POST", path, body).headers["location"].rpartition("/")[2]

    def add(self, username: str, **more) -> str:
        """A new user: the id."""
        user_id = self.make("/users", person(username, **more))
        self.added.add(user_id)
        return user_id

    def change(self, user_id: str, **fields) -> None:
        """As the console does it, with the whole user."""
        self.admin("PUT", f"/users/{user_id}", self.admin("GET", f"/users/{user_id}").body | fields)

    def remove(self, user_id: str) -> None:
        self.admin("DELETE", f"/users/{user_id}")
        self.added.discard(user_id)

    def role(self) -> list[dict]:
        return [self.admin("GET", "/roles/renku-admin").body]

    def appoint(self, user_id: str) -> None:
        self.admin("POST", f"/users/{user_id}/role-mappings/realm", self.role())
        self.appointed.add(user_id)

    def dismiss(self, user_id: str) -> None:
        self.admin("DELETE", f"/users/{user_id}/role-mappings/realm", self.role())
        self.appointed.discard(user_id)

    def appoint_group_of(self, user_id: str) -> None:
        """A group has that role, and the user becomes a member of it."""
        group = self.make("/groups", {"name": "administrators"})
        self.admin("POST", f"/groups/{group}/role-mappings/realm", self.role())
        self.admin("PUT", f"/users/{user_id}/groups/{group}")

    def restore(self) -> None:
        """Without the users and administrators that were not there at first."""
        for user_id in list(self.appointed):
            self.dismiss(user_id)
        for user_id in list(self.added):
            self.remove(user_id)

    def link(self, user_id: str) -> None:
        """Links a user to another identity provider, and takes the link back."""
        config = {"clientId": "x", "clientSecret": "y", "authorizationUrl": self.url, "tokenUrl": self.url}
        provider = {"alias": "other", "providerId": "oidc", "enabled": True, "config": config}
        self.admin("POST", "/identity-provider/instances", provider)
        path = f"/users/{user_id}/federated-identity/other"
        self.admin("POST", path, {"userId": "77", "userName": "seven"})
        self.admin("DELETE", path)

    def forget(self) -> None:
        """Clears all events."""
        self.admin("DELETE", "/events")
        self.admin("DELETE", "/admin-events")

    def events(self) -> list[str]:
        """The types of the last ones, the oldest first."""
        return [event["type"] for event in self.admin("GET", "/events?max=100").body][::-1]

    # -- keys -----------------------------------------------------------------------------------

    def keys(self) -> list[str]:
        """The ids of those that have signed, or do."""
        return [one["id"] for one in self.admin("GET", f"/components?type={KEYS}").body if one["providerId"] == "rsa"]

    def add_key(self, priority: int, alg: str = "RS256") -> None:
        realm_id = self.admin("GET", "").body["id"]
        self.admin("POST", "/components", signer(priority, alg) | {"providerType": KEYS, "parentId": realm_id})

    def remove_keys(self, *key_ids: str) -> None:
        for key_id in key_ids:
            self.admin("DELETE", f"/components/{key_id}")

    # -- its users ------------------------------------------------------------------------------

    def grant(self, **form: str) -> Answer:
        answer = ask("POST", f"{self.documents}/token", form=form)
        for name, value in answer.body.items():
            if name in ("access_token", "refresh_token", "id_token"):
                leaks.remember(value)
        return answer

    def tokens(self, username: str, **form: str) -> dict:
        """What a user gets for a password."""
        granted = self.grant(grant_type="password", username=username, password=PASSWORD, **form)
        assert granted.status == 200, granted.text
        return granted.body

    def change_own(self, token: str, **fields) -> None:
        """What a user changes on the page of the account."""
        changed = ask("POST", f"{self.issuer}/account/", fields, authorization=f"Bearer {token}", accept="application/json")
        assert changed.status == 204, changed.text

    def register(self, username: str) -> str:
        """Somebody fills in the form for newcomers: the id."""
        account = f"{self.issuer}/account/"
        query = {"client_id": "account", "response_type": "code", "scope": "openid", "redirect_uri": account}
        page = ask("GET", f"{self.documents}/registrations?{urllib.parse.urlencode(query)}")
        cookies = "; ".join(one.partition(";")[0] for one in page.headers.get_all("set-cookie"))
        action = html.unescape(re.search(r'action="([^"]+)"', page.text)[1])
        fields = {key: value for key, value in person(username).items() if isinstance(value, str)}
        fields |= {"password": PASSWORD, "password-confirm": PASSWORD}
        done = ask("POST", action, form=fields, cookie=cookies)
        assert done.status == 302, done.text
        user_id = self.id_of(username)
        self.added.add(user_id)
        return user_id

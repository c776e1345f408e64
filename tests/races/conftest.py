# SPDX-License-Identifier: Apache-2.0
"""Who takes part in races, and how rounds of them are run."""

import pytest

from support.api import Caller

from .volley import CLIENTS, ROUNDS, Volleys


@pytest.fixture(scope="module")
def volleys(server):
    volleys = Volleys(server.url)
    yield volleys
    volleys.close()


@pytest.fixture(scope="module")
def people(shared_api) -> list[Caller]:
    """Eight who take part in all races."""
    return [shared_api.user() for _ in range(8)]


@pytest.fixture(scope="module")
def root(shared_api, admin_claims) -> Caller:
    return shared_api.token_admin(**admin_claims)


@pytest.fixture
def race(request, api, volleys):
    """Runs rounds, as many as 64 clients can at once: `make` returns the shots of one, `judge` looks at them."""

    def run(make, judge, rounds: int = ROUNDS) -> None:
        while rounds > 0:
            heats = [make()]
            while len(heats) < min(rounds, CLIENTS // len(heats[0])):
                heats.append(make())
            volleys.fire([shot for place in zip(*heats, strict=True) for shot in place])
            for heat in heats:
                judge(heat)
            rounds -= len(heats)
            volleys.rounds[request.node.name] += len(heats)

    return run

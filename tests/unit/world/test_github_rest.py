"""The REST API over HTTP: the chain of tokens, the list of runners, the limits."""

import asyncio
import base64
import json
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from core.world.github import Credentials, GitHubWorld, RateLimits, Timings, TokenKind
from tests.unit.world.github_support import EPOCH, PAT, Client, busy, connected, unconnected, world

pytestmark = pytest.mark.virtual_time

NOW = int(EPOCH.timestamp())


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def app_jwt(key: rsa.RSAPrivateKey, **claims: Any) -> str:
    return jwt.encode({"iat": NOW - 60, "exp": NOW + 480, "iss": "Iv23example"} | claims, key, algorithm="RS256")


def app_world(key: rsa.RSAPrivateKey | None, installation_id: int | None = None) -> GitHubWorld:
    credentials = Credentials(None if key is None else key.public_key(), installation_id, frozenset({PAT}))
    return world(credentials=credentials)


async def installation_token(client: Client, token: str, installation: int = 987654) -> httpx.Response:
    return await client.rest("POST", f"/app/installations/{installation}/access_tokens", token=token)


class TestInstallationToken:
    async def test_an_app_that_signs_with_its_key_gets_a_token_for_an_hour(self, key: rsa.RSAPrivateKey) -> None:
        async with unconnected(app_world(key)) as client:
            answer = await installation_token(client, app_jwt(key))
            assert answer.status_code == 201
            assert answer.json()["token"].startswith("ghs_")
            assert answer.json()["expires_at"] == "2030-01-01T01:00:00Z"

    async def test_another_key_is_refused(self, key: rsa.RSAPrivateKey) -> None:
        other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        async with unconnected(app_world(key)) as client:
            answer = await installation_token(client, app_jwt(other))
            assert answer.status_code == 401
            assert answer.json()["message"] == "A JSON web token could not be decoded"
            assert answer.json()["status"] == "401"

    async def test_without_a_known_key_only_shape_and_times_count(self, key: rsa.RSAPrivateKey) -> None:
        async with unconnected(app_world(None)) as client:
            assert (await installation_token(client, app_jwt(key))).status_code == 201

    @pytest.mark.parametrize(
        ("claims", "named"),
        [
            pytest.param({"iat": NOW + 1}, "iat", id="made in the future"),
            pytest.param({"exp": NOW}, "exp", id="expired"),
            pytest.param({"exp": NOW + 541}, "exp", id="good for more than ten minutes"),
            pytest.param({"iss": ""}, "iss", id="without an issuer"),
        ],
    )
    async def test_a_wrong_claim_is_refused_by_its_name(
        self, key: rsa.RSAPrivateKey, claims: dict[str, Any], named: str
    ) -> None:
        async with unconnected(app_world(key)) as client:
            answer = await installation_token(client, app_jwt(key, **claims))
            assert (answer.status_code, f"('{named}')" in answer.json()["message"]) == (401, True)

    async def test_an_issuer_that_is_a_number_is_refused(self, key: rsa.RSAPrivateKey) -> None:
        claims = base64.urlsafe_b64encode(json.dumps({"iat": NOW - 60, "exp": NOW + 480, "iss": 7}).encode())
        header, _, signature = app_jwt(key).split(".")
        async with unconnected(app_world(None)) as client:
            token = f"{header}.{claims.rstrip(b'=').decode()}.{signature}"
            assert "('iss')" in (await installation_token(client, token)).json()["message"]

    @pytest.mark.parametrize("token", ["x", "a.b.c", "e30.e30.e30", "W10.W10.W10"])
    async def test_what_is_no_jwt_is_refused(self, token: str) -> None:
        async with unconnected(app_world(None)) as client:
            assert (await installation_token(client, token)).status_code == 401

    async def test_another_algorithm_is_refused(self) -> None:
        token = jwt.encode({"iat": NOW - 60, "exp": NOW + 480, "iss": "x"}, "a" * 32, algorithm="HS256")
        async with unconnected(app_world(None)) as client:
            assert "RS256" in (await installation_token(client, token)).json()["message"]

    async def test_an_unknown_installation_is_not_found(self, key: rsa.RSAPrivateKey) -> None:
        async with unconnected(app_world(key, installation_id=5)) as client:
            assert (await installation_token(client, app_jwt(key), 6)).status_code == 404
            assert (await installation_token(client, app_jwt(key), 5)).status_code == 201


class TestChain:
    async def test_an_installation_token_leads_to_an_admin_connection(self, key: rsa.RSAPrivateKey) -> None:
        async with unconnected(app_world(key)) as client:
            token = (await installation_token(client, app_jwt(key))).json()["token"]
            path = "/orgs/acme/actions/runners/registration-token"
            registration = await client.rest("POST", path, token=token)
            assert registration.status_code == 201
            answer = await self.admin(client, f"RemoteAuth {registration.json()['token']}")
            assert answer.status_code == 200
            assert answer.json()["url"] == f"{client.base}/tenant/1/"
            claims = jwt.decode(answer.json()["token"], options={"verify_signature": False})
            assert claims["exp"] - claims["iat"] == 3600

    async def test_an_installation_token_ends_after_its_life(self, key: rsa.RSAPrivateKey) -> None:
        async with unconnected(app_world(key)) as client:
            token = (await installation_token(client, app_jwt(key))).json()["token"]
            await asyncio.sleep(3600)
            answer = await client.rest("GET", "/orgs/acme/actions/runners", token=token)
            assert (answer.status_code, answer.json()["message"]) == (401, "Bad credentials")

    @pytest.mark.parametrize("scope", ["/orgs/acme", "/orgs/ACME", "/repos/acme/firmware", "/enterprises/acme"])
    async def test_a_registration_token_is_given_in_each_scope(self, scope: str) -> None:
        async with unconnected(world()) as client:
            answer = await client.rest("POST", f"{scope}/actions/runners/registration-token")
            assert (answer.status_code, set(answer.json())) == (201, {"token", "expires_at"})

    async def test_an_app_has_no_enterprise(self, key: rsa.RSAPrivateKey) -> None:
        async with unconnected(app_world(key)) as client:
            token = (await installation_token(client, app_jwt(key))).json()["token"]
            path = "/enterprises/acme/actions/runners/registration-token"
            assert (await client.rest("POST", path, token=token)).status_code == 403

    @pytest.mark.parametrize("scope", ["/orgs/other", "/repos/other/firmware", "/enterprises/other"])
    async def test_another_organization_is_not_found(self, scope: str) -> None:
        async with unconnected(world()) as client:
            answer = await client.rest("POST", f"{scope}/actions/runners/registration-token")
            assert answer.status_code == 404

    async def test_an_unknown_token_is_refused(self) -> None:
        async with unconnected(world()) as client:
            path = "/orgs/acme/actions/runners/registration-token"
            assert (await client.rest("POST", path, token="guessed")).status_code == 401

    async def test_no_credential_is_refused(self) -> None:
        github = world()
        async with unconnected(github) as client:
            assert (await client.http.get(f"{client.base}/api/v3/orgs/acme/actions/runners")).status_code == 401
            assert github.log[-1].auth == "none"

    async def test_the_older_scheme_word_is_accepted(self) -> None:
        async with unconnected(world()) as client:
            url = f"{client.base}/api/v3/orgs/acme/actions/runners"
            assert (await client.http.get(url, headers={"Authorization": f"token {PAT}"})).status_code == 200

    async def test_rest_answers_without_its_prefix_too(self) -> None:
        async with unconnected(world()) as client:
            url = f"{client.base}/orgs/acme/actions/runners"
            assert (await client.http.get(url, headers={"Authorization": f"Bearer {PAT}"})).status_code == 200

    async def test_the_admin_connection_wants_the_scheme_word_of_registration(self) -> None:
        async with unconnected(world()) as client:
            token = await client.registration_token()
            assert (await self.admin(client, f"Bearer {token}")).status_code == 401

    @pytest.mark.parametrize(
        ("body", "status"),
        [
            pytest.param({"url": "http://host/acme/", "runner_event": "register"}, 400, id="trailing slash"),
            pytest.param({"url": "http://host/acme", "runner_event": "remove"}, 400, id="another event"),
            pytest.param({"url": "http://host/acme"}, 400, id="no event"),
            pytest.param({"url": "http://host/other", "runner_event": "register"}, 404, id="another organization"),
            pytest.param({"url": "http://host/acme/firmware", "runner_event": "register"}, 200, id="a repository"),
            pytest.param({"url": "http://host/enterprises/acme", "runner_event": "register"}, 200, id="an enterprise"),
        ],
    )
    async def test_the_admin_connection_checks_its_body(self, body: dict[str, str], status: int) -> None:
        async with unconnected(world()) as client:
            token = await client.registration_token()
            assert (await self.admin(client, f"RemoteAuth {token}", body)).status_code == status

    async def test_a_registration_token_can_be_expired(self) -> None:
        github = world()
        async with unconnected(github) as client:
            token = await client.registration_token()
            github.controls.expire_tokens(TokenKind.REGISTRATION)
            assert (await self.admin(client, f"RemoteAuth {token}")).status_code == 401

    async def test_the_life_of_an_admin_token_can_be_set(self) -> None:
        async with connected(world(timings=Timings(admin_token_life=30))) as client:
            claims = jwt.decode(client.admin, options={"verify_signature": False})
            assert claims["exp"] - claims["iat"] == 30

    async def admin(self, client: Client, authorization: str, body: dict[str, str] | None = None) -> httpx.Response:
        body = body or {"url": f"{client.base}/acme", "runner_event": "register"}
        url = f"{client.base}/api/v3/actions/runner-registration"
        return await client.http.post(url, headers={"Authorization": authorization}, json=body)


class TestRunners:
    async def test_the_list_is_paged_by_links(self) -> None:
        async with connected(world()) as client:
            scale_set_id = await client.create_scale_set()
            for number in range(101):
                await client.generate_jit(scale_set_id, f"small-{number:08x}")
            first = await client.rest("GET", "/orgs/acme/actions/runners?per_page=100")
            assert first.json()["total_count"] == 101
            assert first.links["next"]["url"] == first.links["last"]["url"]
            second = await client.http.get(first.links["next"]["url"], headers={"Authorization": f"Bearer {PAT}"})
            names = [runner["name"] for page in (first, second) for runner in page.json()["runners"]]
            assert names == [f"small-{number:08x}" for number in range(101)]
            assert set(second.links) == {"prev", "first"}

    async def test_a_list_of_one_page_has_no_links(self) -> None:
        async with connected(world()) as client:
            await client.generate_jit(await client.create_scale_set())
            answer = await client.rest("GET", "/orgs/acme/actions/runners")
            assert "Link" not in answer.headers

    async def test_a_page_holds_thirty_unless_asked_and_a_hundred_at_most(self) -> None:
        async with connected(world()) as client:
            scale_set_id = await client.create_scale_set()
            for number in range(120):
                await client.generate_jit(scale_set_id, f"small-{number:08x}")
            sizes = [
                len((await client.rest("GET", f"/orgs/acme/actions/runners{query}")).json()["runners"])
                for query in ("", "?per_page=500")
            ]
            assert sizes == [30, 100]

    async def test_the_list_shows_a_new_runner_as_offline(self) -> None:
        async with connected(world()) as client:
            runner_id = (await client.generate_jit(await client.create_scale_set())).json()["runner"]["id"]
            assert (await client.rest("GET", "/orgs/acme/actions/runners")).json()["runners"] == [
                {
                    "id": runner_id,
                    "name": "small-0a1b2c3d",
                    "os": "linux",
                    "status": "offline",
                    "busy": False,
                    "ephemeral": True,
                    "runner_group_id": 1,
                    "labels": [{"id": 501, "name": "small", "type": "read-only"}],
                }
            ]

    async def test_the_list_can_be_asked_for_one_name(self) -> None:
        async with connected(world()) as client:
            scale_set_id = await client.create_scale_set()
            for name in ("one", "two"):
                await client.generate_jit(scale_set_id, name)
            answer = await client.rest("GET", "/orgs/acme/actions/runners?name=two")
            assert [runner["name"] for runner in answer.json()["runners"]] == ["two"]

    async def test_busy_trails_behind_where_the_switch_says_so(self) -> None:
        github = world()
        github.quirks.busy_lag = 30
        async with connected(github) as client:
            _, runner_id = await busy(github, client)
            assert await self.shown(client, runner_id, "busy") is False
            await asyncio.sleep(30)
            assert await self.shown(client, runner_id, "busy") is True

    async def test_a_working_runner_can_be_shown_as_offline(self) -> None:
        github = world()
        async with connected(github) as client:
            _, runner_id = await busy(github, client)
            assert await self.shown(client, runner_id, "status") == "online"
            github.quirks.shown_offline.add(runner_id)
            assert await self.shown(client, runner_id, "status") == "offline"

    async def test_an_idle_runner_is_deleted(self) -> None:
        github = world()
        async with connected(github) as client:
            runner_id = (await client.generate_jit(await client.create_scale_set())).json()["runner"]["id"]
            path = f"/orgs/acme/actions/runners/{runner_id}"
            answers = [(await client.rest("DELETE", path)).status_code for _ in range(2)]
            assert answers == [204, 404]
            assert github.registrations_removed == {"rest": 1}

    async def test_a_busy_runner_is_not_deleted(self) -> None:
        github = world()
        async with connected(github) as client:
            _, runner_id = await busy(github, client)
            answer = await client.rest("DELETE", f"/orgs/acme/actions/runners/{runner_id}")
            assert answer.status_code == 422
            assert answer.json()["message"].startswith("Runner small-0a1b2c3d is currently running a job")
            assert runner_id in github.runners

    async def shown(self, client: Client, runner_id: int, key: str) -> object:
        runners = (await client.rest("GET", "/orgs/acme/actions/runners")).json()["runners"]
        return next(runner[key] for runner in runners if runner["id"] == runner_id)


class TestLimits:
    async def test_answers_say_what_is_left(self) -> None:
        async with unconnected(world(rate_limits=RateLimits(core=10))) as client:
            await client.rest("GET", "/orgs/acme/actions/runners")
            headers = (await client.rest("GET", "/orgs/acme/actions/runners")).headers
            shown = {name.removeprefix("x-ratelimit-"): headers[name] for name in headers if "ratelimit" in name}
            assert shown == {
                "limit": "10",
                "remaining": "8",
                "used": "2",
                "reset": str(NOW + 3600),
                "resource": "core",
            }

    async def test_an_exhausted_budget_refuses_until_its_window_ends(self) -> None:
        github = world()
        async with unconnected(github) as client:
            github.controls.exhaust_rate_limit()
            answer = await client.rest("GET", "/orgs/acme/actions/runners")
            assert (answer.status_code, answer.headers["x-ratelimit-remaining"]) == (403, "0")
            await asyncio.sleep(3600)
            assert (await client.rest("GET", "/orgs/acme/actions/runners")).status_code == 200

    async def test_registration_has_a_budget_of_its_own(self) -> None:
        github = world()
        async with unconnected(github) as client:
            github.controls.exhaust_rate_limit()
            path = "/orgs/acme/actions/runners/registration-token"
            answer = await client.rest("POST", path)
            assert answer.headers["x-ratelimit-resource"] == "actions_runner_registration"

    async def test_refusals_carry_the_headers_too(self) -> None:
        async with unconnected(world()) as client:
            answer = await client.rest("GET", "/orgs/acme/actions/runners", token="guessed")
            assert answer.headers["x-ratelimit-used"] == "1"

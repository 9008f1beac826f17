"""The company's own log-in (ADM-03), played by a small OpenID Connect server."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from django.test import Client

import feedback_system.urls  # noqa: F401  (read before a test switches the company's log-in on: it asks for it once)
from apps.accounts.roles import Role
from apps.accounts.services import second_factor
from tests.factories import staff

pytestmark = [pytest.mark.django_db, pytest.mark.req("ADM-03")]


@pytest.fixture
def company(settings):
    """`.claims` go into the ID token; `.nonce` is set by the test; `.broken` says how the server fails."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            self.server.token = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            if self.server.broken in ("refuses", "no_json"):
                return self._answer("inner words", 400 if self.server.broken == "refuses" else 200)
            claims = {
                "iss": self.server.url,
                "aud": "desk",
                "exp": time.time() + (-60 if self.server.broken == "expired" else 60),
                "nonce": self.server.nonce,
                **self.server.claims,
            }
            token = jwt.encode(claims, key, algorithm="RS256", headers={"kid": "k1"})
            given = {} if self.server.broken == "no_token" else {"id_token": token}
            self._answer({"access_token": "a", "token_type": "Bearer", **given})

        def do_GET(self):
            jwk = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key()))
            self._answer(
                {"keys": [{**jwk, "kid": "k1", "alg": "RS256"}]} if "jwks" in self.path else self.server.claims
            )

        def _answer(self, body, status=200):
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(body.encode() if isinstance(body, str) else json.dumps(body).encode())

        def log_message(self, *arguments):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    server.url = f"http://127.0.0.1:{server.server_port}"
    server.broken = ""
    server.claims, server.nonce = {"sub": "1", "preferred_username": "F-7"}, ""
    threading.Thread(target=server.serve_forever, daemon=True).start()
    settings.ROOT_URLCONF = "tests.accounts.oidc_urls"
    settings.AUTHENTICATION_BACKENDS = [*settings.AUTHENTICATION_BACKENDS, "apps.accounts.oidc.CompanyBackend"]
    settings.OIDC_RP_CLIENT_ID, settings.OIDC_RP_CLIENT_SECRET, settings.OIDC_ISSUER = "desk", "s", server.url
    settings.OIDC_OP_AUTHORIZATION_ENDPOINT = f"{server.url}/auth"
    settings.OIDC_OP_TOKEN_ENDPOINT, settings.OIDC_OP_USER_ENDPOINT = f"{server.url}/token", f"{server.url}/user"
    settings.OIDC_OP_JWKS_ENDPOINT = f"{server.url}/jwks"
    yield server
    server.shutdown()
    server.server_close()


def come_in(company):
    """The browser's way: to the company's page and back with a code."""
    client = Client()
    asked = parse_qs(urlsplit(client.get("/oidc/authenticate/").url).query)
    company.nonce = asked["nonce"][0]
    back = client.get("/oidc/callback/", {"code": "c", "state": asked["state"][0]})
    return client, asked, back


def test_who_is_known_here_comes_in_without_a_password_and_without_another_code(company):
    user = staff(Role.FINANCE_OFFICER, "finance", staff_number="F-7", username="peng")
    user.second_factor_at = user.date_joined
    user.save()
    second_factor.begin(user)

    client, asked, back = come_in(company)

    assert asked["code_challenge_method"] == ["S256"]
    assert company.token["grant_type"] == ["authorization_code"]
    assert (back.status_code, back.url) == (302, "/admin/")
    assert client.get("/admin/queue/").status_code == 200


@pytest.mark.parametrize("claims", [
    {"preferred_username": "nobody"}, {"preferred_username": ""}, {"preferred_username": "F-7", "aud": "other"},
    {"preferred_username": "F-7", "iss": "https://evil.example"},
])  # fmt: skip
def test_strangers_and_tokens_for_others_don_t(company, claims):
    staff(Role.FINANCE_OFFICER, "finance", staff_number="F-7")
    company.claims = {"sub": "1", **claims}

    client, _asked, back = come_in(company)

    assert back.status_code in (302, 400)
    assert client.get("/admin/queue/").url.startswith("/admin/login/")


def test_who_left_and_a_wrong_nonce_don_t(company):
    user = staff(Role.FINANCE_OFFICER, "finance", staff_number="F-7", is_active=False)
    client, _asked, _back = come_in(company)
    assert client.get("/admin/queue/").status_code == 302
    user.is_active = True
    user.save()
    other = Client()
    asked = parse_qs(urlsplit(other.get("/oidc/authenticate/").url).query)
    company.nonce = "another"
    other.get("/oidc/callback/", {"code": "c", "state": asked["state"][0]})
    assert other.get("/admin/queue/").status_code == 302


def test_the_log_in_page_offers_it_only_where_there_is_one(company, settings):
    assert "/oidc/authenticate/" in Client().get("/admin/login/").content.decode()
    settings.ROOT_URLCONF = "feedback_system.urls"
    assert "/oidc/" not in Client().get("/admin/login/").content.decode()


def test_who_is_made_inactive_is_out_at_the_next_click(company):
    user = staff(Role.FINANCE_OFFICER, "finance", staff_number="F-7")
    client, _asked, _back = come_in(company)
    assert client.get("/").wsgi_request.user.is_authenticated
    assert client.get("/admin/").wsgi_request.user.pk == user.pk

    user.is_active = False
    user.save()

    assert not client.get("/admin/login/").wsgi_request.user.is_authenticated


def test_one_name_for_two_people_lets_nobody_in(company):
    staff(Role.MANAGEMENT, staff_number="F-7", username="boss")
    staff(Role.FINANCE_OFFICER, "finance", staff_number="F-8", username="F-7")

    client, _asked, _back = come_in(company)

    assert client.get("/admin/queue/").url.startswith("/admin/login/")


@pytest.mark.parametrize("broken", ["away", "refuses", "no_token", "expired", "no_json"])
def test_a_company_server_that_fails_is_a_refused_log_in_and_no_fault_of_ours(company, settings, broken, caplog):
    staff(Role.FINANCE_OFFICER, "finance", staff_number="F-7")
    if broken == "away":
        settings.OIDC_OP_TOKEN_ENDPOINT = "http://127.0.0.1:9/token"
    company.broken = broken

    client, _asked, back = come_in(company)

    assert (back.status_code, back.url) == (302, "/admin/login/")
    assert client.get("/admin/queue/").url.startswith("/admin/login/")
    assert "inner words" not in caplog.text

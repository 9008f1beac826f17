def policy(response):
    directives = (part.split() for part in response.headers["Content-Security-Policy"].split(";"))
    return {name: sources for name, *sources in directives}


def test_strings_are_evaluated_only_in_the_admin(client, db):
    admin = client.get("/admin/login/")

    assert policy(admin)["script-src"] == ["'self'", "'unsafe-eval'"]
    assert "Content-Security-Policy-Report-Only" not in admin.headers
    assert "'unsafe-eval'" not in str(policy(client.get("/healthz")))


def test_nobody_frames_the_site(client, db):
    assert policy(client.get("/healthz"))["frame-ancestors"] == ["'none'"]

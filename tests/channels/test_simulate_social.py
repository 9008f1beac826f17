"""The simulated platforms as a process of their own, in front of the real site."""

import re
import socket
import subprocess
import sys
import threading

import pytest
import requests

from apps.channels.adapters.simulated import Fault, SocialPlatforms
from apps.channels.models import Inbound
from apps.channels.services import inbound
from apps.demo.doors import open_doors
from apps.feedback.models import Ticket
from apps.journal import deliveries
from apps.notifications.services.dispatch import dispatch
from tests.channels.doors import account, door


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.mark.req("INT-01", "HND-07")
@pytest.mark.long
def test_a_newcomer_writes_as_a_customer_and_reads_the_answer(live_site, process_env, settings, actor_system):
    port = free_port()
    settings.SOCIAL_SIMULATOR_URL = f"http://127.0.0.1:{port}"
    for number, opened in enumerate(open_doors(actor=actor_system), start=1):
        assert opened.active, number
    command = [sys.executable, "manage.py", "simulate_social", "--port", str(port)]
    process = subprocess.Popen(
        command, env={**process_env, "PUBLIC_URL": live_site.url}, stdout=subprocess.PIPE, text=True
    )
    try:
        assert "Social platforms:" in process.stdout.readline()
        home = requests.get(settings.SOCIAL_SIMULATOR_URL, timeout=60).text
        address = re.search(r"<option value='([^']+)'[^>]*>晴川电器公众号", home)[1]
        form = {
            "account": address,
            "person": "o6_bmjrPTlm6_2sgVt7hMZOPfL2M",
            "kind": "text",
            "text": "洗衣机漏水了，快来修",
        }

        said = requests.post(f"{settings.SOCIAL_SIMULATOR_URL}/say", data=form, timeout=60)
        assert "HTTP 200" in said.text
        inbound.handle()
        deliveries.drain()
        dispatch()

        ticket = Ticket.objects.get()
        talk = requests.get(f"{settings.SOCIAL_SIMULATOR_URL}/talk", params=form, timeout=60).text
        assert "洗衣机漏水了" in talk
        assert ticket.number in talk
        requests.post(f"{settings.SOCIAL_SIMULATOR_URL}/fault", data={**form, "fault": "bad-signature"}, timeout=60)
        refused = requests.post(f"{settings.SOCIAL_SIMULATOR_URL}/say", data={**form, "text": "再说一句"}, timeout=60)
        assert "HTTP 403" in refused.text
        assert Inbound.objects.count() == 1
    finally:
        process.terminate()
        assert process.wait(timeout=60) == 0


@pytest.mark.django_db
def test_the_page_shows_nothing_of_what_people_type_as_markup(platforms):
    to = door("wechat")
    platforms.know(to)
    platforms.wechat.took("<b>x</b>", "<script>alert(1)</script>")

    pages = [
        requests.get(
            f"{platforms.url}/talk", params={"account": account(to).url, "person": "<b>x</b>"}, timeout=60
        ).text,
        requests.get(f"{platforms.url}/", params={"person": "'><script>", "said": "<script>"}, timeout=60).text,
    ]

    assert all("<script>" not in page for page in pages)


def test_without_doors_the_page_says_what_to_do():
    with SocialPlatforms([]) as running:
        assert "simulator" in requests.get(running.url, timeout=60).text
        assert requests.get(f"{running.url}/nowhere", timeout=60).status_code == 404


def test_the_platforms_stop_at_once():
    running = SocialPlatforms([], delay=600).start()
    running.fail_next(Fault.DELAY)
    waiting, wait = threading.Event(), running.wait
    running.wait = lambda: waiting.set() or wait()
    held = threading.Thread(target=lambda: requests.get(f"{running.url}/wechat/cgi-bin/token", timeout=500))
    held.start()
    assert waiting.wait(60)

    running.stop()

    held.join(60)
    assert not held.is_alive()

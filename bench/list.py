"""A page of 50 tickets with three filters: ours against a bare DRF view, and the same at 1,000 and at 100,000 rows."""

import argparse
import json
from statistics import median

from django.db import connection

from apps.accounts.models import Department
from apps.accounts.services import api_keys
from apps.core import actors
from apps.crm.services.customers import Contact
from apps.feedback.services import intake
from apps.feedback.services.intake import Report
from bench import load, scratch, web
from bench.report import line, ratio, say
from bench.texts import texts

GOAL, FLAT_GOAL = 1.0, 1.2
PAGE = 50
SMALL, LARGE = 1_000, 100_000
# One real ticket is copied; what differs between tickets is drawn anew, in the proportions of a busy desk.
FILL = """
INSERT INTO feedback_ticket ({columns})
SELECT {values} FROM feedback_ticket t,
    (SELECT n, random() AS s, random() AS k, random() AS d FROM generate_series(%(first)s, %(last)s) AS n) AS r
WHERE t.number = %(model)s
"""
DRAWN = {
    "id": "uuidv7(make_interval(secs => (r.n - %(last)s) * 60.0))",
    "number": "'209901-' || r.n",
    "external_ref": "NULL",
    "state": "CASE WHEN s < .10 THEN 'pending' WHEN s < .18 THEN 'assigned' WHEN s < .43 THEN 'in_progress'"
    " WHEN s < .50 THEN 'waiting' WHEN s < .55 THEN 'resolved' WHEN s < .60 THEN 'callback'"
    " WHEN s < .95 THEN 'closed' ELSE 'rejected' END",
    "kind": "CASE WHEN k < .5 THEN 'complaint' WHEN k < .75 THEN 'fault' WHEN k < .9 THEN 'inquiry' ELSE 'suggestion' END",
    "department_id": "CASE WHEN d < .45 THEN %(department)s ELSE %(other)s END",
    "received_at": "now() + make_interval(secs => (r.n - %(last)s) * 60.0)",
}


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="script/bench list", description=__doc__)
    parser.add_argument("--seconds", type=float, default=4, help="per round and side")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rows", type=int, default=LARGE, help="the larger of the two sizes")
    options = parser.parse_args(arguments)
    sides = requests()
    with web.server() as server:
        small, small_cpu = _measure(server, sides, SMALL, options)
        large, large_cpu = _measure(server, sides, options.rows, options)
    # By CPU, because the two sizes are measured minutes apart and neighbours on the machine come and go.
    line("list", "flat", large_cpu / small_cpu, "times the CPU of the small table", goal=FLAT_GOAL,
         rows=[SMALL, options.rows], by_pages_per_second=round(small / large, 3))  # fmt: skip


def requests() -> dict[str, bytes]:
    """One request per side: state, kind and department."""
    key = api_keys.create("bench", ["tickets:read"], actor=actors.system("bench")).clear
    department = Department.objects.get(code="quality")
    query = f"state=in_progress&kind=complaint&department={department.code}"
    bare = f"state=in_progress&kind=complaint&department={department.pk}"
    return {
        "ours": load.request("GET", f"/api/v1/tickets/?{query}&page_size={PAGE}", authorization=f"Bearer {key}"),
        "bare": load.request("GET", f"/bare/tickets/?{bare}"),
    }


def _measure(
    server: web.Server, sides: dict[str, bytes], rows: int, options: argparse.Namespace
) -> tuple[float, float]:
    """Our pages a second and CPU milliseconds a page, medians over the rounds."""
    fill(rows)
    rates: dict[str, list[float]] = {name: [] for name in sides}
    costs: dict[str, list[float]] = {name: [] for name in sides}
    for data in sides.values():
        load.run(server, lambda data=data: data, _full_page, 1.0)  # warm
    for number in range(options.rounds):
        for name, data in sides.items():
            result = load.run(server, lambda data=data: data, _full_page, options.seconds)
            rates[name].append(result.per_second)
            costs[name].append(result.cpu_ms)
            line("list", name, result.per_second, "pages/s", rows=rows, round=number + 1, bad=result.bad,
                 cpu_ms=result.cpu_ms, p50_ms=result.percentile(50), p95_ms=result.percentile(95))  # fmt: skip
            if result.bad:
                say(f"bad answer: {result.first_bad}")
    line("list", "ratio", median(rates["ours"]), "pages/s", rows=rows, ratio=ratio(rates["ours"], rates["bare"]), goal=GOAL,
         cpu_ratio=ratio(costs["bare"], costs["ours"]))  # fmt: skip
    return median(rates["ours"]), median(costs["ours"])


def _full_page(status: int, body: bytes) -> bool:
    if status != 200:
        return False
    answer = json.loads(body)
    return len(answer["results"]) == PAGE and all(row["state"] == "in_progress" for row in answer["results"])


def fill(rows: int) -> None:
    """Have exactly this many tickets, in the product's table and in the bare one."""
    model, departments = _model(), Department.objects
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM feedback_ticket")
        have = cursor.fetchone()[0]
        names = [column.name for column in connection.introspection.get_table_description(cursor, "feedback_ticket")]
        columns = ", ".join(f'"{name}"' for name in names)
        values = ", ".join(DRAWN.get(name, f't."{name}"') for name in names)
        given = {
            "first": have, "last": rows - 1, "model": model,
            "department": departments.get(code="quality").pk, "other": departments.get(code="service").pk,
        }  # fmt: skip
        cursor.execute(FILL.format(columns=columns, values=values), given)
        cursor.execute(
            f"INSERT INTO bare_ticket ({columns}) SELECT {columns} FROM feedback_ticket ON CONFLICT DO NOTHING"
        )
    scratch.as_owner("ANALYZE feedback_ticket, bare_ticket")  # as autovacuum does in a running system


def _model() -> str:
    """The number of the ticket that is copied."""
    report = Report(
        text=next(texts()), contact=Contact(name="张三", phone="13800000000"), channel="online", external_ref="bench"
    )
    return intake.receive(report, actor=actors.SYSTEM).number

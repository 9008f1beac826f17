"""32 people sign one case at the same moment, 200 times over: void requests, refunds and compensation by turns."""

import threading
from argparse import Namespace
from collections import Counter
from typing import Any

APPROVERS = 32
GUARD = threading.Lock()


def run(options: Namespace) -> list[str]:
    from apps.billing.models import Approval
    from apps.core import locks
    from apps.journal.models import Event
    from tests import money

    if options.control:
        locks.row = lambda model, pk: model.objects.get(pk=pk)  # type: ignore[assignment]
    people = [money.finance() for _ in range(APPROVERS)]
    cases = [_case(n) for n in range(options.cases)]
    answers: list[Counter[str]] = [Counter() for _ in cases]
    gate = threading.Barrier(APPROVERS)
    threads = [threading.Thread(target=_sign_all, args=(person, cases, answers, gate)) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = []
    for case, answer in zip(cases, answers, strict=True):
        kinds = ("void.approved", "refund.approved")
        events = Event.objects.filter(subject_id=case.pk, kind__in=kinds).count()
        signatures = Approval.objects.filter(case_id=case.pk).count()
        refused = answer["approval.not_waiting"]
        if (answer["signed"], refused, events, signatures) != (1, APPROVERS - 1, 1, 1):
            found.append(f"{case}: {dict(answer)}, {events} events, {signatures} signatures")
    print(f"{len(cases)} cases x {APPROVERS} approvers: {dict(sum(answers, Counter()))}", flush=True)
    if options.control:
        print(f"control: {len(found)} findings, e.g. {found[:2]}", flush=True)
        return [] if found else ["the lock was off and nothing was found"]
    return found


def _case(n: int) -> Any:
    from apps.billing.services.refunds import Payee
    from tests import money

    if n % 2:
        return money.void_request()
    if n % 4:
        return money.refund(kind="cash", payee=Payee("张伟", "6222021234567890123", "ICBC"))
    return money.refund()


def _sign_all(person: Any, cases: list[Any], answers: list[Counter[str]], gate: threading.Barrier) -> None:
    from django.db import connection

    from apps.billing.models import VoidRequest
    from apps.billing.services import refunds, voids
    from apps.core.errors import DomainError

    for case, answer in zip(cases, answers, strict=True):
        decide: Any = voids.decide if isinstance(case, VoidRequest) else refunds.decide
        gate.wait(60)
        try:
            decide(case, actor=person, approve=True)
            said = "signed"
        except DomainError as error:
            said = error.code
        except Exception as error:
            said = type(error).__name__
        with GUARD:
            answer[said] += 1
    connection.close()

"""`manage.py verify_evidence`: prove that no sealed event was changed, deleted, reordered or slipped in (ARC-03)."""

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.journal.verification import SHOWN, verify


class Command(BaseCommand):
    help = "Verify the evidence log against its signed heads. Exit status 1 when anything was tampered with."

    def handle(self, *args: Any, **options: Any) -> None:
        started = time.monotonic()
        report = verify()
        for finding in report.findings:
            self.stdout.write(self.style.ERROR(finding))
        if report.found > SHOWN:
            self.stdout.write(f"… and {report.found - SHOWN} more")
        summary = (
            f"{report.leaves} sealed events, {report.heads} signed heads, {report.unsealed} waiting to be sealed,"
            f" {report.found} findings, {time.monotonic() - started:.1f} s"
        )
        if not report.ok:
            raise CommandError(f"EVIDENCE BROKEN: {summary}")
        self.stdout.write(self.style.SUCCESS(f"evidence intact: {summary}"))

"""`manage.py verify_pack FILE`: is this pack ours, whole, and under the heads we published (ARC-03)?"""

import hashlib
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from apps.billing.archive import packs, verify_pack
from apps.billing.models import EvidencePack


class Command(BaseCommand):
    help = "Verify an evidence pack with this site's key and published heads; exit code 1 when it is refused."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file")
        parser.add_argument("--key", default="", help="another fingerprint than this site's, e.g. of an earlier key")
        parser.add_argument(
            "--without-heads", action="store_true", help="don't compare with this site's published heads"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        heads = "" if options["without_heads"] else str(settings.EVIDENCE_HEADS_FILE)
        try:
            found = verify_pack.verify(options["file"], options["key"] or packs.fingerprint(), heads)
        except verify_pack.Refused as error:
            raise CommandError(f"REFUSED: {error}") from error
        events, files = len(found["events"]), len(found["files"])
        self.stdout.write(
            f"VALID: {found['case']} {found['title']}: {files} files, {events} events, key {found['key']}"
        )
        known = EvidencePack.objects.filter(sha256=_digest(options["file"])).first()
        self.stdout.write(
            f"It is the pack {known} of this site." if known else "This site's archive does not list this file."
        )


def _digest(path: str) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

"""What a log may not hold."""

import logging
import re

# The private links of customers (portal.urls): whoever has one reads the conversation. Django logs the path of each refusal.
_PRIVATE = re.compile(r"(/(?:t/D?\d{6}-\d{3,12}|s/[0-9a-fA-F-]{36})/)[^/\s?#\"']{3,}")


class Discreet(logging.Filter):
    """Leaves out the secret part of a private link; which ticket it was about stays."""

    def filter(self, record: logging.LogRecord) -> bool:
        said = record.getMessage()
        kept = _PRIVATE.sub(r"\1…", said)
        if kept != said:
            record.msg, record.args = kept, ()
        return True

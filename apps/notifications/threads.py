"""What an e-mail answers: kept with the message, so that it arrives in the customer's own thread."""

import json
import re
from dataclasses import asdict, dataclass

LONGEST_SUBJECT = 150
_ANSWERING = re.compile(r"^\s*(?:(?:re|fw|fwd|aw|回复|答复|回覆|转发|轉寄)\s*(?:\[\d+\])?\s*[:：]\s*)+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Thread:
    """`message_id` (no brackets) is the mail that is answered, `references` the ones before it, oldest first.

    `reply_to` is the address where an answer to our answer is read; empty for the sender's own.
    """

    message_id: str
    references: tuple[str, ...] = ()
    subject: str = ""
    reply_to: str = ""

    def to_text(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False)

    def subject_for(self, number: str) -> str:
        """`Re: what the customer wrote [202611-001]`; the number once."""
        bare = " ".join(_ANSWERING.sub("", self.subject).split())[:LONGEST_SUBJECT]
        mark = f"[{number}]" if number and number not in bare else ""
        return " ".join(filter(None, ["Re:", bare, mark]))

    def headers(self, root: str) -> dict[str, str]:
        """In-Reply-To and References; `root` is our own id of the whole conversation, with its brackets."""
        chain = dict.fromkeys([*self.references[-10:], self.message_id])
        return {
            "In-Reply-To": f"<{self.message_id}>" if self.message_id else root,
            "References": " ".join([root, *(f"<{each}>" for each in chain if each)]).strip(),
        }


def read(text: str) -> Thread | None:
    """The thread that `to_text` wrote; None for no thread."""
    if not text:
        return None
    values = json.loads(text)
    return Thread(**{**values, "references": tuple(values["references"])})

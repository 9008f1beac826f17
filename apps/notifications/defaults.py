from apps.core.actors import Actor
from apps.notifications.services import templates


def load(*, actor: Actor) -> dict[str, int]:
    """Create the message templates that are missing; texts that staff edited are left alone (ADM-05)."""
    created, renewed = templates.install()
    return {"message templates": created, "message templates brought up to the shipped text": renewed}

"""What accounts tells the journal. Subjects are `accounts.apikey`, `accounts.user` and `auth.group` (a role)."""

from uuid import UUID

from django.contrib.auth.models import Group

from apps.accounts.models import User
from apps.journal.events import Ref

API_KEY_CREATED = "api_key.created"  # scopes, expires_at
API_KEY_REVOKED = "api_key.revoked"
STAFF_CREATED = "staff.created"  # roles, department, superuser, active
STAFF_RIGHTS_CHANGED = "staff.rights_changed"  # before, after: the same facts
ROLE_RIGHTS_CHANGED = "role.rights_changed"  # role, granted, withdrawn
APPROVAL_LIMIT_CHANGED = "approval_limit.changed"  # role, subject, before, after: "500.00", "none" (no limit) or null


def ref(subject: User | Group) -> Ref:
    """Django's own rows count in integers; as a UUID that integer is the subject's id in the journal."""
    model = subject._meta.concrete_model or type(subject)
    return Ref(model._meta.label_lower, UUID(int=subject.pk))

"""What accounts tells the journal. Subjects are `accounts.apikey`, `accounts.user` and `auth.group` (a role)."""

from uuid import UUID

from django.contrib.auth.models import Group
from django.db.models import Model

from apps.accounts.models import User
from apps.journal.events import Ref

API_KEY_CREATED = "api_key.created"  # scopes, expires_at
API_KEY_REVOKED = "api_key.revoked"
STAFF_CREATED = "staff.created"  # username, staff_number, roles, department, superuser, staff, active
STAFF_RIGHTS_CHANGED = "staff.rights_changed"  # before, after: the same facts
STAFF_PASSWORD_SET = "staff.password_set"  # by an administrator, who could log in as that person until they change it
ROLE_RIGHTS_CHANGED = "role.rights_changed"  # role, granted, withdrawn
APPROVAL_LIMIT_CHANGED = "approval_limit.changed"  # role, subject, before, after: "500.00", "none" (no limit) or null

SECOND_FACTOR_SET_UP = "second_factor.set_up"  # again: whether one was there before
SECOND_FACTOR_REMOVED = "second_factor.removed"  # by the person
SECOND_FACTOR_RESET = "second_factor.reset"  # by an administrator
SECOND_FACTOR_LOCKED = "second_factor.locked"  # failures, until
RECOVERY_CODE_USED = "second_factor.recovery_code_used"  # left
RECOVERY_CODES_MADE = "second_factor.recovery_codes_made"
SECOND_FACTOR_RULES_CHANGED = "second_factor.rules_changed"  # rule, before, after
API_KEY_AGREED = "api_key.agreed"  # for
API_KEY_DISAGREED = "api_key.disagreed"
DEPARTMENT_CHANGED = "department.changed"  # before (null: new), after: code, name, active, parent, head, duty_manager
WEBHOOK_CHANGED = "webhook.changed"  # before, after: address, events, active
WEBHOOK_GIVEN_UP = "webhook.given_up"  # kind, event, error
IMPORT_BEGUN = "import.begun"  # kind, digest, rows
IMPORT_FINISHED = "import.finished"  # new, changed, errors


def ref(subject: User | Group | Model) -> Ref:
    """Django's own rows count in integers; as a UUID that integer is the subject's id in the journal."""
    model = subject._meta.concrete_model or type(subject)
    return Ref(model._meta.label_lower, UUID(int=subject.pk))

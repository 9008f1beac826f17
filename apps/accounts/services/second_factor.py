"""The second factor (ADM-03): six digits from an authenticator app (RFC 6238), or a recovery code once.

A code counts for its step of 30 seconds and the steps beside it, and only once: a code of the last step used, or before,
is a replay. After `MOST_FAILURES` wrong ones nothing is looked at for `LOCKED`.
"""

import hmac
import secrets
from datetime import date, timedelta
from decimal import Decimal

import pyotp
from django.conf import settings
from django.db import transaction

from apps.accounts import events
from apps.accounts.models import EnrolmentDuty, RecoveryCode, SecondFactor, SecondLook, User
from apps.core import clock, locks
from apps.core.actors import Actor, staff
from apps.core.errors import DomainError
from apps.core.fields import blind_index
from apps.journal.events import record

STEP_SECONDS = 30
MOST_FAILURES = 5
LOCKED = timedelta(minutes=15)
RECOVERY_CODES = 10
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that are taken for another


# Setting it up ----------------------------------------------------------------------------------------------------------


def begin(user: User) -> str:
    """The secret to be confirmed, in base32; the same one until it is confirmed."""
    made, _new = SecondFactor.objects.get_or_create(user=user)
    with transaction.atomic():
        row = locks.row(SecondFactor, made.pk)
        if not row.pending:
            row.pending = pyotp.random_base32()
            row.save(update_fields=["pending"])
    return row.pending


def address(user: User, secret: str) -> str:
    """The `otpauth://` address that the QR code holds."""
    return pyotp.TOTP(secret).provisioning_uri(name=user.get_username(), issuer_name=settings.COMPANY_NAME)


def confirm(user: User, code: str) -> list[str]:
    """The app shows the right code: it counts from now on. Returns the recovery codes, which are shown this once.

    Raises DomainError `second_factor.not_begun`, `.wrong`, `.locked`.
    """
    with transaction.atomic():
        row = _locked(user)
        if not row.pending:
            raise DomainError("second_factor.not_begun")
        step = _step(row.pending, code)
        if step is not None:
            again = user.second_factor_at is not None
            row.secret, row.pending, row.last_step, row.failures, row.locked_until = row.pending, "", step, 0, None
            row.save()
            user.second_factor_at = clock.now()
            User.objects.filter(pk=user.pk).update(second_factor_at=user.second_factor_at)
            record(events.SECOND_FACTOR_SET_UP, subject=events.ref(user), actor=staff(user), data={"again": again})
            return _codes(user)
        refusal = _failed(row, user, "second_factor.wrong")
    raise refusal


def new_codes(user: User) -> list[str]:
    """Fresh recovery codes; the old ones are void. Raises DomainError `second_factor.none`."""
    if user.second_factor_at is None:
        raise DomainError("second_factor.none")
    with transaction.atomic():
        _locked(user)
        record(events.RECOVERY_CODES_MADE, subject=events.ref(user), actor=staff(user))
        return _codes(user)


def remove(user: User) -> None:
    """The person does without it. Raises DomainError `second_factor.none`, `second_factor.must`."""
    if user.second_factor_at is None:
        raise DomainError("second_factor.none")
    if due(user) is not None:
        raise DomainError("second_factor.must")
    _forget(user, events.SECOND_FACTOR_REMOVED, staff(user))


def reset(user: User, *, actor: Actor, reason: str) -> None:
    """Somebody lost phone and codes: they begin anew. Never one's own. Raises DomainError `core.not_allowed`,
    `core.required`.
    """
    if not actor.can("accounts.change_user") or actor.user_id == user.pk:
        raise DomainError("core.not_allowed")
    if user.is_superuser and actor.kind != "system" and not (actor.user is not None and actor.user.is_superuser):
        raise DomainError("core.not_allowed")
    if not reason.strip():
        raise DomainError("core.required", field="reason")
    _forget(user, events.SECOND_FACTOR_RESET, actor, reason.strip())


def _forget(user: User, kind: str, actor: Actor, reason: str = "") -> None:
    with transaction.atomic():
        SecondFactor.objects.filter(user=user).delete()
        RecoveryCode.objects.filter(user=user).delete()
        User.objects.filter(pk=user.pk).update(second_factor_at=None)
        record(kind, subject=events.ref(user), actor=actor, reason=reason)
    user.second_factor_at = None


# Proving it -------------------------------------------------------------------------------------------------------------


def check(user: User, code: str) -> None:
    """Six digits of the app, or a recovery code. Raises DomainError `second_factor.none`, `.wrong`, `.replayed`,
    `.locked`.
    """
    if user.second_factor_at is None:
        raise DomainError("second_factor.none")
    plain = "".join(code.split()).replace("-", "").lower()
    with transaction.atomic():
        row = _locked(user)
        if plain.isdigit():
            step = _step(row.secret, plain)
            if step is not None and step <= row.last_step:
                raise DomainError("second_factor.replayed", field="code")
            good = step is not None
            row.last_step = step or row.last_step
        else:
            good = _spend(user, plain)
        if good:
            row.failures, row.locked_until = 0, None
            row.save(update_fields=["last_step", "failures", "locked_until"])
            return
        refusal = _failed(row, user, "second_factor.wrong")
    raise refusal


def check_password(user: User, password: str) -> None:
    """For people without a second factor where the rule lets them. Raises DomainError `second_factor.password`,
    `.locked`.
    """
    with transaction.atomic():
        row = _locked(user)
        if user.check_password(password):
            row.failures, row.locked_until = 0, None
            row.save(update_fields=["failures", "locked_until"])
            return
        refusal = _failed(row, user, "second_factor.password")
    raise refusal


def codes_left(user: User) -> int:
    return RecoveryCode.objects.filter(user=user, used_at=None).count()


def _locked(user: User) -> SecondFactor:
    """The person's row under lock. Raises DomainError `second_factor.locked`, with the minutes that are left."""
    made, _new = SecondFactor.objects.get_or_create(user=user)
    row = locks.row(SecondFactor, made.pk)
    now = clock.now()
    if row.locked_until is not None and row.locked_until > now:
        minutes = -(-int((row.locked_until - now).total_seconds()) // 60)
        raise DomainError("second_factor.locked", minutes=max(minutes, 1))
    return row


def _failed(row: SecondFactor, user: User, code: str) -> DomainError:
    """Count a failure under the row's lock, so that many tries at once are counted like one after the other. The caller
    raises it after the commit.
    """
    row.failures += 1
    refusal = DomainError(code, field="code")
    if row.failures >= MOST_FAILURES:
        row.failures, row.locked_until = 0, clock.now() + LOCKED
        data = {"failures": MOST_FAILURES, "until": row.locked_until}
        record(events.SECOND_FACTOR_LOCKED, subject=events.ref(user), actor=staff(user), data=data)
        refusal = DomainError("second_factor.locked", minutes=int(LOCKED.total_seconds() // 60))
    row.save(update_fields=["failures", "locked_until"])
    return refusal


def _step(secret: str, code: str) -> int | None:
    """The step that this code belongs to: now or one beside it; None where it is wrong."""
    plain = "".join(code.split())
    if not (plain.isascii() and plain.isdigit()):
        return None
    now, totp = clock.now(), pyotp.TOTP(secret)
    steps = [int(now.timestamp()) // STEP_SECONDS + offset for offset in (0, -1, 1)]
    matches = [step for step in steps if hmac.compare_digest(totp.generate_otp(step), plain)]
    return matches[0] if matches else None


def _codes(user: User) -> list[str]:
    clear = ["".join(secrets.choice(_LETTERS) for _ in range(10)) for _ in range(RECOVERY_CODES)]
    RecoveryCode.objects.filter(user=user).delete()
    RecoveryCode.objects.bulk_create(RecoveryCode(user=user, digest=_digest(user, code)) for code in clear)
    return [f"{code[:5]}-{code[5:]}" for code in clear]


def _digest(user: User, code: str) -> str:
    """Keyed, and 49 random bits behind it: nothing to be guessed from a copy of the database."""
    return blind_index(f"recovery:{user.pk}:{code}")


def _spend(user: User, code: str) -> bool:
    unused = RecoveryCode.objects.filter(user=user, digest=_digest(user, code), used_at=None)
    if not unused.update(used_at=clock.now()):
        return False
    record(events.RECOVERY_CODE_USED, subject=events.ref(user), actor=staff(user), data={"left": codes_left(user)})
    return True


# Who must, and when it is asked for -------------------------------------------------------------------------------------


def due(user: User) -> date | None:
    """The last day by the calendar of Shanghai on which this person may do without; None where no role demands it."""
    days = []
    for duty in EnrolmentDuty.objects.filter(role__user=user):
        begun = max(duty.since, clock.local(user.date_joined).date())
        days.append(begun + timedelta(days=duty.grace_days))
    return min(days, default=None)


def look_for(act: str, amount: Decimal | None) -> SecondLook | None:
    """The rule that wants a second look before this act; `amount` in yuan, None where there is none to compare."""
    rule = SecondLook.objects.filter(act=act, active=True).first()
    if rule is None or (amount is not None and rule.above > 0 and amount <= rule.above):
        return None
    return rule


def save_rule(rule: SecondLook | EnrolmentDuty, *, actor: Actor) -> None:
    """Add or change a rule; who changed what is recorded. Raises DomainError `core.not_allowed`."""
    verb = "add" if rule.pk is None else "change"
    if not actor.can(f"accounts.{verb}_{rule._meta.model_name}"):
        raise DomainError("core.not_allowed")
    with transaction.atomic():
        before = _facts(type(rule).objects.filter(pk=rule.pk).first())
        rule.save()
        _tell_rule(rule, before, _facts(rule), actor)


def delete_duty(duty: EnrolmentDuty, *, actor: Actor) -> None:
    """The role may do without from now on. Raises DomainError `core.not_allowed`."""
    if not actor.can("accounts.delete_enrolmentduty"):
        raise DomainError("core.not_allowed")
    with transaction.atomic():
        _tell_rule(duty, _facts(duty), None, actor)
        duty.delete()


def _tell_rule(
    rule: SecondLook | EnrolmentDuty, before: dict[str, str] | None, after: dict[str, str] | None, actor: Actor
) -> None:
    if before != after:
        data = {"rule": rule._meta.model_name, "before": before, "after": after}
        record(events.SECOND_FACTOR_RULES_CHANGED, subject=events.ref(rule), actor=actor, data=data)


def _facts(rule: SecondLook | EnrolmentDuty | None) -> dict[str, str] | None:
    if rule is None:
        return None
    names = [field.attname for field in rule._meta.concrete_fields if field.attname != "id"]
    return {name: str(getattr(rule, name)) for name in names}

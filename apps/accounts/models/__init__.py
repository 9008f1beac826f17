from apps.accounts.models.api_key import ApiKey
from apps.accounts.models.approval_limit import ApprovalLimit
from apps.accounts.models.department import Department
from apps.accounts.models.offered_right import OfferedRight
from apps.accounts.models.role import RoleGroup
from apps.accounts.models.second_factor import EnrolmentDuty, ImportSheet, RecoveryCode, SecondFactor, SecondLook
from apps.accounts.models.user import User
from apps.accounts.models.webhook import Webhook, WebhookCall

__all__ = [
    "ApiKey", "ApprovalLimit", "Department", "EnrolmentDuty", "ImportSheet", "OfferedRight", "RecoveryCode", "RoleGroup",
    "SecondFactor", "SecondLook", "User", "Webhook", "WebhookCall",
]  # fmt: skip

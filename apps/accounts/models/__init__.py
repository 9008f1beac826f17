from apps.accounts.models.api_key import ApiKey
from apps.accounts.models.approval_limit import ApprovalLimit
from apps.accounts.models.department import Department
from apps.accounts.models.offered_right import OfferedRight
from apps.accounts.models.role import RoleGroup
from apps.accounts.models.user import User

__all__ = ["ApiKey", "ApprovalLimit", "Department", "OfferedRight", "RoleGroup", "User"]

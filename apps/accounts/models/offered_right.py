from django.contrib.auth.models import Group, Permission
from django.db import models


class OfferedRight(models.Model):
    """A shipped right that a role was given once (ADM-01): what an administrator took away later is not given again.

    A new release brings new rights; `accounts.defaults` gives a shipped role those that stand here for it not yet.
    """

    role = models.ForeignKey(Group, on_delete=models.CASCADE, related_name="+", db_index=False)
    permission = models.ForeignKey(Permission, on_delete=models.CASCADE, related_name="+")

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["role", "permission"], name="offered_right_once")]

    def __str__(self) -> str:
        return f"{self.role}: {self.permission.codename}"

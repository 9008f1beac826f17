from django.contrib.auth.models import Group, GroupManager
from django.utils.translation import gettext_lazy as _

from apps.accounts.roles import label


class RoleGroup(Group):
    """A Django group under the name people know it by."""

    objects = GroupManager()

    class Meta:
        proxy = True
        verbose_name = _("role")
        verbose_name_plural = _("roles")

    def __str__(self) -> str:
        return label(self.name)

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.core.actors import Actor
from apps.core.models import Noun


class Audience(models.TextChoices):
    """Who finds a view among the tabs."""

    PRIVATE = "private", _("Only me")
    DEPARTMENT = "department", _("My department")
    ALL = "all", _("Everybody")


class SavedViewQuerySet(models.QuerySet["SavedView"]):
    def visible_to(self, actor: Actor) -> "SavedViewQuerySet":
        """One's own views and those shared with one's department or with everybody; none without the right to tickets."""
        if actor.user is None or not actor.can("feedback.view_ticket"):
            return self.none()
        seen = Q(owner=actor.user_id) | Q(audience=Audience.ALL)
        if department := getattr(actor.user, "department_id", None):
            seen |= Q(audience=Audience.DEPARTMENT, department=department)
        return self.filter(seen)


class SavedView(Noun):
    """A list of the queue under a name (HND-09): a tab, filters, a search and an order, as the address says them.

    `names` keeps how things were called whose ids stand in the address: what has gone can still be named.
    """

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(_("name"), max_length=40)
    query = models.CharField(max_length=2000)
    names = models.JSONField(default=dict)
    audience = models.CharField(_("who sees it"), max_length=12, choices=Audience, default=Audience.PRIVATE)
    department = models.ForeignKey(
        "accounts.Department", null=True, blank=True, on_delete=models.PROTECT, related_name="+", editable=False
    )

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        verbose_name = _("saved view")
        verbose_name_plural = _("saved views")
        default_permissions = ()
        permissions = [("share_view", "Can share saved views of the queue, and change those that are shared")]
        constraints = [
            models.UniqueConstraint(fields=["owner", "name"], name="view_name_once"),
            models.CheckConstraint(condition=Q(audience__in=Audience.values), name="view_audience_known"),
            models.CheckConstraint(
                condition=Q(audience=Audience.DEPARTMENT, department__isnull=False)
                | (~Q(audience=Audience.DEPARTMENT) & Q(department=None)),
                name="view_department",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ViewPlace(models.Model):
    """Where somebody keeps a view among the tabs, and whether the queue opens with it. Without one, by name at the end."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    view = models.ForeignKey(SavedView, on_delete=models.CASCADE, related_name="places")
    position = models.PositiveSmallIntegerField(default=0)
    is_default = models.BooleanField(default=False)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["user", "view"], name="view_place_once"),
            models.UniqueConstraint(fields=["user"], condition=Q(is_default=True), name="view_one_default"),
        ]

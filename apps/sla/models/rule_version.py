from django.db import models


class RuleVersion(models.Model):
    """One row: a random mark that changes with every change of calendars, policies or ladder; see `sla.rules`.

    Random and not a count: a count that was rolled back would come again with other rules behind it.
    """

    singleton = models.BooleanField(primary_key=True, default=True)
    version = models.UUIDField()

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(singleton=True), name="rule_version_one_row")]

    def __str__(self) -> str:
        return str(self.version)

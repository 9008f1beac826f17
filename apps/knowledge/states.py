"""The states of an article (KB-01) and for whom it is written."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class ArticleState(models.TextChoices):
    DRAFT = "draft", pgettext_lazy("article", "Draft")  # 草稿: somebody writes; an earlier edition may still be public
    REVIEW = "review", pgettext_lazy("article", "In review")  # 待审核: somebody who didn't write it reads it
    PUBLISHED = "published", pgettext_lazy("article", "Published")  # 已发布: the newest edition is what readers see
    WITHDRAWN = "withdrawn", pgettext_lazy("article", "Withdrawn")  # 已下架: nobody but its editors sees it


class Audience(models.TextChoices):
    CUSTOMERS = "customers", _("Customers and staff")
    STAFF = "staff", _("Staff only")

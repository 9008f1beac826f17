from django.contrib import admin
from unfold.admin import ModelAdmin

from apps.channels.models import Extension


@admin.register(Extension)
class ExtensionAdmin(ModelAdmin):
    """Which extension of the telephone system stands on whose desk (INT-12)."""

    list_display = ("number", "user")
    list_select_related = ("user",)
    search_fields = ("number", "user__display_name", "user__staff_number")
    autocomplete_fields = ("user",)
    fields = ("number", "user")

from django.contrib import admin
from unfold.admin import ModelAdmin

from apps.crm.models import Product


@admin.register(Product)
class ProductAdmin(ModelAdmin):
    list_display = ("sku", "name", "model", "group", "active")
    list_display_links = ("sku", "name")
    list_filter = ("active", "group")
    search_fields = ("sku", "name", "model")
    fields = ("sku", "name", "model", "group", "active")

from apps.crm.admin import customers, orders, products

__all__ = ["customers", "orders", "products"]

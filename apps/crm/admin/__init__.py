from apps.crm.admin import customers, orders, products, returns

__all__ = ["customers", "orders", "products", "returns"]

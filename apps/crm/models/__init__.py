from apps.crm.models.customer import Customer
from apps.crm.models.order import Order, OrderLine
from apps.crm.models.product import Product
from apps.crm.models.return_order import ReturnOrder

__all__ = ["Customer", "Order", "OrderLine", "Product", "ReturnOrder"]

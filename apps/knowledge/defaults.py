"""Shipped topics; editable rows. Which ticket categories they belong to are the shipped categories' codes."""

from apps.core.actors import Actor
from apps.knowledge.models import Topic

# code: simplified, traditional, English, ticket categories
TOPICS = {
    "use": ("使用与保养", "使用與保養", "Use and care", ["product_quality", "technical"]),
    "trouble": ("故障自查", "故障自查", "Troubleshooting", ["technical", "product_quality", "after_sales"]),
    "delivery": ("配送与安装", "配送與安裝", "Delivery and installation", ["logistics"]),
    "returns": ("退换货与退款", "退換貨與退款", "Returns and refunds", ["return_exchange"]),
    "repair": ("保修与维修", "保固與維修", "Warranty and repair", ["after_sales"]),
    "billing": ("发票与付款", "發票與付款", "Invoices and payment", ["billing", "price"]),
    "service": ("反馈与服务", "回饋與服務", "Feedback and service", ["service_attitude", "suggestion", "other"]),
}


def load(*, actor: Actor) -> dict[str, int]:
    """Create what is missing; never overwrite what staff edited."""
    known = set(Topic.objects.values_list("code", flat=True))
    new = [
        Topic(code=code, name=hans, name_hant=hant, name_en=en, order=10 * place, categories=categories)
        for place, (code, (hans, hant, en, categories)) in enumerate(TOPICS.items(), start=1)
        if code not in known
    ]
    Topic.objects.bulk_create(new)
    return {"help topics": len(new)}

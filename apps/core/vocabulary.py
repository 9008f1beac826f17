"""The words every room shares (INT-01, INT-03, INT-04). Values are stored; labels are translated."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Kind(models.TextChoices):
    INQUIRY = "inquiry", _("Inquiry")  # 问题咨询
    COMPLAINT = "complaint", _("Complaint")  # 投诉
    SUGGESTION = "suggestion", _("Suggestion")  # 建议
    FAULT = "fault", _("Fault report")  # 故障报修
    REQUEST = "request", _("Request")  # 需求申请
    REGULATOR = "regulator", _("Regulator case")  # 监管转办: with legal clocks of its own (INT-13)


class Urgency(models.TextChoices):
    NORMAL = "normal", _("Normal")  # 普通
    URGENT = "urgent", _("Urgent")  # 紧急
    CRITICAL = "critical", _("Critical")  # 特急


class Channel(models.TextChoices):
    ONLINE = "online", _("Online form")
    EMAIL = "email", _("E-mail")
    HOTLINE = "hotline", _("Hotline")
    SMS = "sms", _("SMS")
    STORE = "store", _("Store counter")
    WECHAT = "wechat", _("WeChat")
    WEIBO = "weibo", _("Weibo")
    FACEBOOK = "facebook", _("Facebook")
    CHAT = "chat", _("Website chat")
    APP = "app", _("App")
    API = "api", _("REST API")
    PAY = "pay", _("Payment provider")  # a complaint handed on by WeChat Pay or Alipay (INT-14)
    REGULATOR = "regulator", _("Authority")  # 12315 or a letter (INT-13)


class Tier(models.TextChoices):
    NORMAL = "normal", _("Regular customer")
    SILVER = "silver", _("Silver member")
    GOLD = "gold", _("Gold member")
    VIP = "vip", _("VIP")


class Demand(models.TextChoices):
    """What the customer wants done (诉求)."""

    NONE = "none", _("Not stated")
    VISIT = "visit", _("On-site visit")
    RESEND = "resend", _("Resend")
    EXCHANGE = "exchange", _("Exchange")
    RETURN = "return", _("Return")
    CLAIM = "claim", _("Compensation")
    REFUND = "refund", _("Refund")
    APOLOGY = "apology", _("Apology")


class Risk(models.TextChoices):
    NONE = "none", _("No special risk")
    SAFETY = "safety", _("Safety")
    LEGAL = "legal", _("Legal or media")


class ContactChannel(models.TextChoices):
    """How the customer wants to hear from us (HND-07)."""

    EMAIL = "email", _("E-mail")
    SMS = "sms", _("SMS")
    PHONE = "phone", _("Phone call")
    DOOR = "door", _("Where they wrote to us")  # WeChat, Weibo, Facebook, chat


class Language(models.TextChoices):
    ZH_HANS = "zh-hans", "简体中文"
    ZH_HANT = "zh-hant", "繁體中文"
    EN = "en", "English"

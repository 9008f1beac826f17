"""What providers mean by the codes of a proven failure (REF-05): people read words, the code stays beside them."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

_MONEY = _("too little money in our account at the provider")
_PAYEE = _("no such account at the payee's")
_NAME = _("name and account of the payee do not belong together")
_INPUT = _("the provider does not accept what was sent")
WORDS: dict[str, str | Promise] = {
    "ACQ.SELLER_BALANCE_NOT_ENOUGH": _MONEY,
    "PAYER_BALANCE_NOT_ENOUGH": _MONEY,
    "BALANCE_IS_NOT_ENOUGH": _MONEY,
    "NOT_ENOUGH": _MONEY,
    "ACQ.REASON_TRADE_REFUND_FEE_ERR": _("more than what is left of the payment"),
    "ACQ.TRADE_HAS_FINISHED": _("the payment is too old to be refunded"),
    "ACQ.TRADE_HAS_CLOSE": _("the payment is closed"),
    "ACQ.TRADE_STATUS_ERROR": _("the payment's state allows no refund"),
    "ACQ.TRADE_NOT_EXIST": _("the provider does not know this payment"),
    "ACQ.BUYER_ERROR": _("the customer's account takes no money"),
    "ACQ.ENTERPRISE_PAY_BIZ_ERROR": _("the customer's company account takes no money"),
    "ACQ.REFUND_ACCOUNT_NOT_EXIST": _PAYEE,
    "ACQ.INVALID_PARAMETER": _INPUT,
    "INVALID_PARAMETER": _INPUT,
    "PARAM_ERROR": _INPUT,
    "PAYEE_NOT_EXIST": _PAYEE,
    "PAYEE_ACC_OCCUPIED": _("the payee's number belongs to several accounts"),
    "PAYEE_USER_INFO_ERROR": _NAME,
    "PAYEE_CERT_INFO_ERROR": _NAME,
    "EXCEED_LIMIT_SM_AMOUNT": _("more than the provider transfers at once"),
    "USER_ACCOUNT_ABNORMAL": _("the customer's account takes no money"),
    "ABNORMAL": _("the customer's account takes no money"),
    "CLOSED": _("the provider has closed the refund"),
    "MCH_NOT_EXISTS": _("the provider does not know our merchant number"),
    "DEPOSIT_BACK_FAILED": _("the bank sent the money back"),
    "NOT_PAID": _("recorded as not paid"),
}


def told(code: str) -> str:
    """`too little money … (NOT_ENOUGH)`, in the reader's language; the code alone where we don't know it."""
    return f"{WORDS[code]} ({code})" if code in WORDS else code

"""Taking personal data out of a text that strangers will read (KB-01, ADM-04)."""

import re
from collections.abc import Iterable

from django.utils.translation import gettext_lazy as _

# What is found, and what stands in its place. The order matters: an identity card also looks like a bank card.
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_PRIVATE_LINK = re.compile(r"https?://\S+/(?:t|s)/\S+")
_IDENTITY = re.compile(r"(?<!\d)\d{17}[\dXx](?!\d)")
_PHONE = re.compile(r"(?<![\d.])(?:\+?86[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}(?!\d)")
_LANDLINE = re.compile(r"(?<!\d)0\d{2,3}[- ]?\d{7,8}(?:[-转]\d{1,6})?(?!\d)")
_NUMBER = re.compile(r"(?<![A-Za-z\d-])[A-Za-z]{0,6}\d{9,}(?![\d])")  # orders, parcels, cards, accounts
_TICKET = re.compile(r"(?<!\d)20\d{4}-\d{3,}(?!\d)")
_PLATE = re.compile(r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-Z][A-Z0-9]{5,6}")
_WECHAT = re.compile(r"((?:微信|VX|vx|QQ|qq|weixin)\s*(?:号|是|为|[:：])*\s*)[A-Za-z0-9][\w-]{4,19}")
_ADDRESS = re.compile(
    r"(?:[一-鿿]{2,8}(?:省|自治区))?[一-鿿]{2,8}(?:市|州|盟)?[一-鿿]{1,8}(?:区|县|镇|乡|街道|路|街|大道|巷|弄)"
    r"[一-鿿\dA-Za-z-]{0,20}?\d+(?:号|弄|幢|栋|单元|室|楼)(?:[一-鿿\dA-Za-z-]{0,12}(?:号|幢|栋|单元|室|楼|层))*"
)
_SALUTED = re.compile(r"(?:我叫|我是|联系人|收货人|姓名)[:：]?\s*[一-鿿]{2,3}(?=[，,。.；;\s]|$)")
_TITLED = re.compile(
    r"(?<![一-鿿])(?:[王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文])"
    r"[一-鿿]{0,2}(?:先生|女士|小姐|师傅|老师|经理|工)"
)

_PATTERNS = (
    (_PRIVATE_LINK, _("[link]")),
    (_EMAIL, _("[e-mail]")),
    (_IDENTITY, _("[identity number]")),
    (_PHONE, _("[phone]")),
    (_LANDLINE, _("[phone]")),
    (_TICKET, _("[number]")),
    (_NUMBER, _("[number]")),
    (_PLATE, _("[number plate]")),
    (_ADDRESS, _("[address]")),
    (_SALUTED, _("[name]")),
    (_TITLED, _("[name]")),
)


def without_personal_data(text: str, *, names: Iterable[str] = ()) -> str:
    """The text with what looks like personal data replaced by its kind in brackets, in the active language.

    `names` are people known to be spoken of; longer ones are taken out first. It finds what can be recognised by its
    form: a person reads the text all the same before it is published.
    """
    for name in sorted({n.strip() for n in names if len(n.strip()) > 1}, key=len, reverse=True):
        text = text.replace(name, str(_("[name]")))
    text = _WECHAT.sub(lambda m: m[1] + str(_("[account]")), text)
    for pattern, instead in _PATTERNS:
        text = pattern.sub(str(instead), text)
    return text


def found_in(text: str, *, names: Iterable[str] = ()) -> list[str]:
    """What still looks like somebody's data: phone, e-mail, identity number, known names, private links. Sure signs only."""
    sure = (_PRIVATE_LINK, _EMAIL, _IDENTITY, _PHONE)
    return [m[0] for pattern in sure for m in pattern.finditer(text)] + [n for n in names if len(n) > 1 and n in text]

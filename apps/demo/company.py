"""晴川电器: the people, products, customers and orders of a small believable company. Nobody here is real."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from urllib.parse import urlencode

from apps.accounts.models import Department, SecondLook, User
from apps.accounts.roles import Role
from apps.accounts.services import second_factor, staff
from apps.casework.models import SavedView
from apps.casework.services import saved_views
from apps.casework.services.saved_views import ViewDraft
from apps.core import actors, clock
from apps.core.actors import Actor
from apps.crm.models import Customer, Order, OrderLine, Product
from apps.crm.services.customers import Contact
from apps.crm.states import OrderState
from apps.demo.logins import PASSWORD

# log-in, name, staff number, roles, department
STAFF = [
    ("admin", "系统管理员", "A001", [Role.ADMINISTRATOR], "management"),
    ("wangfang", "王芳", "S101", [Role.SERVICE_STAFF], "service"),
    ("liqiang", "李强", "S102", [Role.SERVICE_STAFF], "service"),
    ("zhaomin", "赵敏", "S103", [Role.SERVICE_STAFF], "service"),
    ("chenjing", "陈静", "S100", [Role.SERVICE_LEAD, Role.DEPARTMENT_HEAD], "service"),
    ("dutyzhou", "周涛", "D001", [Role.DUTY_MANAGER], "service"),
    ("sunlei", "孙磊", "T201", [Role.DEPARTMENT_HANDLER], "technical"),
    ("wuyun", "吴芸", "T200", [Role.DEPARTMENT_HEAD], "technical"),
    ("zhengkai", "郑凯", "Q301", [Role.QUALITY], "quality"),
    ("fengli", "冯丽", "Q300", [Role.DEPARTMENT_HEAD], "quality"),
    ("hanbing", "韩冰", "L401", [Role.WAREHOUSE], "logistics"),
    ("caowei", "曹伟", "L400", [Role.DEPARTMENT_HEAD], "logistics"),
    ("tangxin", "唐欣", "R501", [Role.DEPARTMENT_HANDLER], "after_sales"),
    ("xugang", "许刚", "R500", [Role.DEPARTMENT_HEAD], "after_sales"),
    ("denghua", "邓华", "F601", [Role.FINANCE_OFFICER], "finance"),
    ("pengjuan", "彭娟", "F600", [Role.FINANCE_MANAGER, Role.DEPARTMENT_HEAD], "finance"),
    ("yuanming", "袁明", "M701", [Role.DEPARTMENT_HANDLER], "sales"),
    ("jiangtao", "蒋涛", "P801", [Role.DEPARTMENT_HANDLER], "product"),
    ("liangzong", "梁总", "G001", [Role.MANAGEMENT], "management"),
    ("audit", "何审", "X901", [Role.AUDITOR], "management"),
]

PRODUCTS = [
    ("QC-XC-V8", "无线吸尘器", "吸尘器", "V8", 1299),
    ("QC-XC-V12", "无线吸尘器", "吸尘器", "V12 Pro", 2199),
    ("QC-SD-R5", "扫地机器人", "扫地机器人", "R5", 1899),
    ("QC-SD-R7", "扫拖机器人", "扫地机器人", "R7 Max", 3299),
    ("QC-BX-320", "双门冰箱", "冰箱", "BCD-320", 2899),
    ("QC-BX-510", "对开门冰箱", "冰箱", "BCD-510W", 4599),
    ("QC-XY-10", "滚筒洗衣机", "洗衣机", "XQG100", 2699),
    ("QC-KT-35", "壁挂空调", "空调", "KFR-35GW", 2999),
    ("QC-KT-72", "立柜空调", "空调", "KFR-72LW", 6299),
    ("QC-DF-4", "电饭煲", "厨房电器", "IH-4L", 499),
    ("QC-PB-15", "破壁机", "厨房电器", "PB-1500", 599),
    ("QC-KX-25", "电烤箱", "厨房电器", "KX-25L", 399),
    ("QC-KQ-8", "空气净化器", "空气净化器", "KJ800", 1699),
    ("QC-RS-60", "电热水器", "热水器", "60L", 1399),
]

SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎"
GIVEN = [
    "伟",
    "芳",
    "娜",
    "敏",
    "静",
    "丽",
    "强",
    "磊",
    "军",
    "洋",
    "勇",
    "艳",
    "杰",
    "涛",
    "明",
    "超",
    "秀英",
    "霞",
    "平",
    "刚",
    "桂英",
    "建华",
    "文",
    "玲",
    "子涵",
    "梓萱",
    "浩然",
    "宇轩",
    "欣怡",
    "雨桐",
    "志强",
    "丽华",
    "晓东",
    "雪梅",
    "国庆",
    "佳琪",
    "思远",
    "一诺",
]
REGIONS = [
    "浙江杭州",
    "江苏南京",
    "上海浦东",
    "广东深圳",
    "广东广州",
    "北京朝阳",
    "四川成都",
    "湖北武汉",
    "山东青岛",
    "陕西西安",
    "福建厦门",
    "重庆渝北",
]


@dataclass(frozen=True, slots=True)
class Buyer:
    """A customer with what they bought; the contact is what they type into forms."""

    contact: Contact
    order_number: str
    product: Product


def hire(*, actor: Actor) -> dict[str, User]:
    """The staff of STAFF with their departments' heads; who is there already stays."""
    people = {u.username: u for u in User.objects.all()}
    for username, name, number, roles, department in STAFF:
        if username not in people:
            people[username] = staff.create(
                username, password=PASSWORD, roles=[r.value for r in roles], actor=actor, department=department,
                superuser=username == "admin", display_name=name, staff_number=number, email=f"{username}@example.com",
            )  # fmt: skip
    for department in Department.objects.filter(head=None):
        department.head = _head(department, people)
        department.duty_manager = people["dutyzhou"]
        department.save()
    for look in SecondLook.objects.filter(code_only=True):
        look.code_only = False  # nobody here has a second factor yet: before money moves they type their password
        second_factor.save_rule(look, actor=actor)
    return people


def views(people: dict[str, User]) -> None:
    """Two lists of the queue that the service lead shares with everybody."""
    lead = actors.staff(people["chenjing"])
    for name, query in (
        ("退款相关", urlencode({"tab": "all", "q": "退款"})),
        ("紧急投诉", "tab=all&kind=complaint&urgency=urgent"),
    ):
        if not SavedView.objects.filter(owner=lead.user_id, name=name).exists():
            saved_views.save(ViewDraft(name, query, "all"), actor=lead)


def _head(department: Department, people: dict[str, User]) -> User:
    heads = [u for u, _, _, roles, code in STAFF if code == department.code and Role.DEPARTMENT_HEAD in roles]
    return people[heads[0]] if heads else people["liangzong"]


def stock() -> list[Product]:
    """The catalogue."""
    for sku, name, group, model, _ in PRODUCTS:
        Product.objects.get_or_create(sku=sku, defaults={"name": name, "group": group, "model": model})
    return list(Product.objects.filter(sku__in=[p[0] for p in PRODUCTS]))


def contacts(dice: random.Random, count: int) -> list[Contact]:
    """People with mainland numbers of the fictional kind (all from one unassigned-looking block) and example.com mail."""
    found = []
    for n in range(count):
        tier = dice.choices(["normal", "silver", "gold", "vip"], [70, 17, 9, 4])[0]
        found.append(
            Contact(
                name=dice.choice(SURNAMES) + dice.choice(GIVEN),
                phone=f"1380000{n:04d}",
                email=f"customer{n:04d}@example.com" if n % 3 else "",
                region=dice.choice(REGIONS),
                tier=tier,
                preferred_channel="email" if n % 3 and n % 2 else "sms",
                language="zh-hant" if n % 29 == 0 else "en" if n % 37 == 0 else "zh-hans",
            )
        )
    return found


def sell(dice: random.Random, customer: Customer, product: Product, at: datetime) -> Order:
    """An order of one product, shipped and delivered as time allows."""
    price = Decimal(next(p[4] for p in PRODUCTS if p[0] == product.sku))
    shipped, delivered = at + timedelta(hours=dice.randint(4, 40)), at + timedelta(hours=dice.randint(50, 120))
    number = f"SO{clock.local(at):%Y%m%d}{Order.objects.count() + 1:05d}"
    order = Order.objects.create(
        number=number, customer=customer, ordered_at=at, shipped_at=shipped, delivered_at=delivered,
        state=OrderState.DELIVERED, total=price,
    )  # fmt: skip
    OrderLine.objects.create(order=order, product=product, quantity=1, unit_price=price, amount=price)
    return order

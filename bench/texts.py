"""Feedback as customers write it, for load: put together from parts, the same at every run."""

import random
from collections.abc import Iterator

_THINGS = ["吸尘器", "洗衣机", "电饭煲", "热水器", "空气净化器", "扫地机器人", "电风扇", "微波炉", "净水器", "投影仪"]
_TROUBLES = [
    "用了三天就无法开机了", "运行的时候异响特别大", "外壳有一道很深的划痕", "漏水，厨房地板全湿了", "充不进电，指示灯也不亮",
    "收到的型号和订单上的不一样", "少发了一个滤芯", "味道很刺鼻，不敢用", "屏幕一直闪，重启也没用", "遥控器按键失灵",
]  # fmt: skip
_STORIES = [
    "打了两次客服电话都没人接", "快递拖了一个星期才送到，包装也破了", "客服态度很差，说了两句就挂断",
    "申请的退款十天了还没到账", "发票抬头开错了，要求重开一直没下文", "买完第二天就降价了三百块",
    "师傅上门看了一眼就走了，没有修好", "说明书写得不清楚，看不懂怎么安装", "之前买过一台一直很好用，这次太失望了",
    "家里有小孩，担心不安全",
]  # fmt: skip
_WISHES = [
    "请尽快给我换一台新的",
    "我要退货退款",
    "希望给个说法",
    "请安排人上门检查",
    "要求补发缺少的配件",
    "麻烦核实一下",
    "建议加强质检",
]


def texts(seed: int = 7) -> Iterator[str]:
    """Texts without end, 20 to 120 characters."""
    choose = random.Random(seed)
    while True:
        parts = [f"{choose.choice(_THINGS)}{choose.choice(_TROUBLES)}"]
        parts += choose.sample(_STORIES, choose.randint(0, 3))
        yield "，".join(parts) + f"。{choose.choice(_WISHES)}！"

"""The demo company's help articles: what its customers ask most. Traditional Chinese is converted when it is read."""

from dataclasses import dataclass

from apps.core.actors import Actor
from apps.core.vocabulary import Language
from apps.knowledge.models import Topic
from apps.knowledge.services import articles
from apps.knowledge.services.articles import Draft
from apps.knowledge.states import Audience


@dataclass(frozen=True, slots=True)
class Text:
    """An article in both languages; an empty English text leaves it out there."""

    topic: str
    group: str
    title: str
    body: str
    title_en: str = ""
    body_en: str = ""
    audience: str = Audience.CUSTOMERS.value


TEXTS = (
    Text(
        "trouble", "吸尘器", "无线吸尘器无法开机或充不进电怎么办？",
        """先按下面的顺序检查，多数情况十分钟内能恢复：

1. **看指示灯**：插上充电器后指示灯不亮，换一个插座，并把充电器插头拔下重插。
2. **擦触点**：用干布擦净机身和充电座上的金属触点，有灰尘或氧化会充不进电。
3. **让电池降温**：刚用完的电池温度高会拒绝充电，放置 30 分钟后再充。
4. **复位**：按住电源键 10 秒后松开，再充电 2 小时试机。

| 现象 | 可能的原因 |
|---|---|
| 充电时红灯快闪 | 电池故障，需要更换 |
| 开机几秒就停 | 滤网或吸口堵塞，清理后再试 |
| 完全没有反应 | 充电器或主板故障 |

仍然不行？请[告诉我们](/)，写上机身底部铭牌的序列号和指示灯的颜色，我们就能直接安排配件或上门。

**外壳发烫、鼓起或有焦味时，请马上停用并拔掉电源，不要再充电。**""",
        "My cordless vacuum does not switch on or does not charge",
        """Please check in this order; most cases are solved within ten minutes:

1. **The light**: if it stays dark with the charger plugged in, try another socket and plug the charger in again.
2. **The contacts**: wipe the metal contacts of machine and dock with a dry cloth.
3. **Let it cool**: a hot battery refuses to charge. Wait 30 minutes.
4. **Reset**: hold the power key for 10 seconds, then charge for 2 hours.

Still nothing? [Tell us](/) the serial number on the type plate and the colour of the light, and we can send the right part at once.

**If the case is hot, swollen or smells burnt, stop using it and pull the plug.**""",
    ),
    Text(
        "trouble", "", "机器漏电、冒烟或有焦味，该怎么做？",
        """**先保证人身安全：**

1. 不要碰机身，先**拔掉插头**；够不到插头就关掉电表箱里的开关。
2. 有明火时离开现场，拨打 **119**；有人受伤拨打 **120**。
3. 不要再次通电，也不要自己拆机。

**然后通知我们**：请打服务热线，或在[反馈页面](/)选择“特急”。这类反馈会立即通知值班经理，不用排队。

请保留机器、插头和购买凭证，并拍几张照片，方便工程师当天上门检测。""",
        "It gives shocks, smokes or smells burnt: what do I do?",
        """**Safety first:**

1. Do not touch the machine. **Pull the plug**, or switch off the fuse if you cannot reach it.
2. If it burns, leave the room and call **119**; if somebody is hurt, call **120**.
3. Do not switch it on again and do not open it.

**Then tell us**: call the hotline, or choose “danger” on the [feedback page](/). The duty manager hears of it at once.

Keep the machine and take some pictures; an engineer comes on the same day.""",
    ),
    Text(
        "trouble", "冰箱", "冰箱不制冷或制冷慢怎么排查？",
        """1. **刚通电**：新机静置 2 小时后再通电，第一次降到设定温度要 6～8 小时，属正常现象。
2. **温度设定**：冷藏室建议 4 ℃，冷冻室 −18 ℃；夏天不要设得过低。
3. **门封**：夹一张纸关门，能轻松抽出说明门封漏冷，用温水擦净门封再试。
4. **散热**：背部和两侧离墙至少 10 厘米，不要堵住散热口。
5. **结霜**：冷冻室霜厚超过 5 毫米要除霜。

以上都正常、24 小时后仍不制冷，请[报修](/)，并说明压缩机是否有震动声。""",
        "My fridge does not cool, or cools slowly",
        """1. **Just switched on**: a new fridge rests for 2 hours and then needs 6 to 8 hours to get cold.
2. **Setting**: 4 °C above, −18 °C below.
3. **Seal**: close the door on a sheet of paper; if it slides out easily, clean the seal with warm water.
4. **Air**: leave at least 10 cm behind and beside it.
5. **Ice** thicker than 5 mm must be thawed.

If all this is fine and it is still warm after 24 hours, [report it](/) and say whether you hear the compressor.""",
    ),
    Text(
        "trouble", "洗衣机", "洗衣机显示 E3 或排不了水，怎么处理？",
        """E3 表示排水超时，多半是堵了：

1. 关机拔插头，关上水龙头。
2. 打开机身右下角的小盖，先用软管放水，再逆时针旋出**排水泵过滤网**，清理硬币、线头和发卡。
3. 检查排水管：出口不能高于 1 米，也不能折弯或插得太深。
4. 装回过滤网并拧紧，做一次“单排水”。

清理后仍报 E3，通常是排水泵故障，请[报修](/)；保修期内更换不收费。""",
        "The washing machine shows E3 or does not drain",
        """E3 means that draining took too long; mostly something is blocked.

1. Switch off, pull the plug, close the tap.
2. Open the small flap at the lower right, drain the water, unscrew the **pump filter** and clean it.
3. The drain hose must not end higher than 1 m, nor be bent.
4. Screw the filter in firmly and run “drain only”.

Still E3? Then it is probably the pump: please [report it](/). Within the warranty the repair is free.""",
    ),
    Text(
        "use", "吸尘器", "滤网和滚刷多久清洗或更换一次？",
        """| 部件 | 清洗 | 更换 |
|---|---|---|
| 前置滤网 | 每 2 周，清水冲洗，**晾干 24 小时**后装回 | 6 个月 |
| 高效滤芯 | 不能水洗，轻拍除尘 | 12 个月 |
| 滚刷 | 每周剪掉缠绕的头发 | 12 个月 |
| 集尘盒 | 每次使用后倒空 | — |

吸力变小十有八九是滤网堵了，先清洗再判断是否故障。原装耗材可在官方商城或[售后](/)购买，报机身型号即可。""",
        "How often do filters and brush need cleaning or changing?",
        """| Part | Clean | Change |
|---|---|---|
| Front filter | every 2 weeks with water; **let it dry for 24 hours** | 6 months |
| Fine filter | no water, only tap it out | 12 months |
| Brush | cut off hair every week | 12 months |
| Dust box | after each use | — |

Weak suction is nearly always a blocked filter. Original parts: in our shop, or [ask us](/) with the model.""",
    ),
    Text(
        "use", "", "设备连不上手机 App 或一直离线？",
        """1. 手机连 **2.4 GHz** 的 Wi-Fi（多数设备不支持 5 GHz），密码不要有中文。
2. 打开手机的定位和蓝牙，按住设备的 Wi-Fi 键 5 秒，听到提示音后在 App 里点“添加设备”。
3. 路由器关闭“AP 隔离”和“网络防蹭”。
4. 换了路由器或密码，要先在 App 里删除设备再重新添加。

添加到一半失败，把设备断电 1 分钟后再试。还是不行，请[告诉我们](/)设备型号、手机型号和 App 里的错误码。""",
        "The app does not find my device, or shows it as offline",
        """1. Use a **2.4 GHz** Wi-Fi; most devices do not know 5 GHz.
2. Switch on location and Bluetooth, hold the Wi-Fi key for 5 seconds until it beeps, then “add device”.
3. Switch off “AP isolation” in the router.
4. After a change of router or password, remove the device in the app first.

If it fails midway, disconnect the device for a minute. Still no luck? [Tell us](/) device, phone and the error code.""",
    ),
    Text(
        "returns", "", "七天无理由退货怎么办？运费谁出？",
        """签收次日起 **7 天内**，商品完好、不影响再次销售，就可以无理由退货（《消费者权益保护法》第二十五条）。拆开包装查看不影响退货。

1. 在[反馈页面](/)选择“退货”，填写订单号。
2. 我们在一个工作日内审核，并把寄回地址发给您。
3. 连同附件、赠品和发票一起寄回。
4. 收到退货后 **7 日内**退款，按原支付方式退回。

**运费**：无理由退货由您承担寄回运费；质量问题、发错货由我们承担来回运费。

定制商品、已安装使用的大家电，请先联系我们确认。""",
        "Returning within seven days: how, and who pays the postage?",
        """Within **7 days** after delivery you may return goods that are complete and undamaged, without a reason. Opening the box to look is fine.

1. Choose “return” on the [feedback page](/) with your order number.
2. Within one working day we confirm and send the address.
3. Send it back with accessories, gifts and invoice.
4. We refund within **7 days** after it arrives, the way you paid.

**Postage**: yours when you changed your mind, ours when it is faulty or the wrong article.""",
    ),
    Text(
        "returns", "", "退款什么时候到账？",
        """退款在我们收到退货并验收后发起，按**原支付渠道**退回：

- 微信支付、支付宝：1～3 个工作日
- 银行卡：3～7 个工作日，以银行为准
- 使用过的优惠券和积分，同时退回账户

在您的进度链接里可以看到退款是否已提交。超过 7 个工作日没有到账，请[告诉我们](/)退货的快递单号，我们会向支付机构查询。""",
        "When does my refund arrive?",
        """We start it as soon as the return has arrived and was checked; it goes back the way you paid:

- WeChat Pay, Alipay: 1 to 3 working days
- Bank card: 3 to 7 working days
- Coupons and points at the same time

Nothing after 7 working days? [Tell us](/) the parcel number of your return.""",
    ),
    Text(
        "delivery", "", "物流一直不更新，或显示签收却没收到？",
        """**没有更新**：干线运输期间 24～48 小时不更新是常见的；超过 3 天请联系我们，我们向承运商催查。

**显示签收却没收到**：

1. 问一问家人、门卫和小区代收点。
2. 看订单里的签收照片。
3. 都没有，请在签收后 **3 天内**[告诉我们](/)订单号，我们当天联系承运商核实，确认丢失的补发或退款。

外箱破损、淋湿时，请当场拍照并拒收，不影响重新发货。""",
        "Tracking stands still, or says delivered and nothing came",
        """**No news**: 24 to 48 hours without an update are normal on long ways. After 3 days, tell us.

**“Delivered”, but nothing here**: ask family, doorman and the parcel shop, and look at the delivery picture. If it is nowhere, [tell us](/) the order number within **3 days**; we ask the carrier on the same day and send again or refund.

Box broken or wet? Take pictures and refuse it.""",
    ),
    Text(
        "repair", "", "保修期多久？从哪天算起？哪些情况不保？",
        """- **整机 1 年，主要部件 3 年**（压缩机 10 年），从发票日期起算；没有发票的，按出厂日期后 3 个月起算。
- 保修期内的性能故障，免费维修；同一故障两次修不好，可以换货。
- 7 天内出现性能故障可以退、换、修；15 天内可以换、修。

**不在保修范围**：摔落、进水等人为损坏，自行拆修，耗材（滤网、刷头、灯泡）正常磨损。这些我们也能修，先报价，您同意后再动手。

[报修](/)时附上发票照片和序列号，审核更快。""",
        "How long is the warranty, from when, and what is not covered?",
        """- **1 year for the machine, 3 years for main parts** (compressor 10), from the date of the invoice.
- Faults within the warranty are repaired free of charge; after two repairs in vain you get another machine.
- Faulty within 7 days: return, exchange or repair; within 15 days: exchange or repair.

**Not covered**: drops, water, repairs by others, and parts that wear. We repair these too; you get the price first.

[Report it](/) with a picture of the invoice and the serial number.""",
    ),
    Text(
        "billing", "", "发票怎么开？开错了能重开吗？",
        """**开票**：默认开电子普通发票，签收后 3 天内发到下单时的邮箱；需要专用发票，请提供完整的抬头、税号、地址电话和开户行。

**开错了**：抬头、税号、金额有误都可以重开。请[告诉我们](/)发票号码和正确的信息，我们作废或红冲原发票，通常 2 个工作日内把新发票发给您。已经入账抵扣的专票，需要您配合确认红字信息。

没收到邮件，先看看垃圾邮件；也可以在订单详情里下载。""",
        "How do I get an invoice, and can a wrong one be replaced?",
        """**Invoice**: an electronic one comes by e-mail within 3 days after delivery. For a special VAT invoice we need title, tax number, address, phone and bank.

**Wrong?** [Tell us](/) the invoice number and what is right: we void it or issue a red one, and you get the new one within about 2 working days.

No mail? Look among spam, or load it down from your order.""",
    ),
    Text(
        "service", "", "反馈之后多久有人处理？怎样看进度？",
        """提交后马上得到**工单编号**和**私密进度链接**，凭链接可以看到谁在处理、每一步的期限，还能补充照片、催办、要求主管处理。

| 情况 | 首次响应 | 解决 |
|---|---|---|
| 普通 | 24 小时内 | 3 个工作日 |
| 紧急 | 1 小时内 | 2 个工作日 |
| 特急（危及人身） | 1 小时内 | 24 小时 |

处理完会请您评价。不满意或没解决，可以直接回复“没解决”，会有没有经手过的同事继续跟进；办结后 15 天内也可以在进度页“重新处理”。""",
        "How soon does somebody look at my feedback, and where do I see it?",
        """You get a **number** and a **private link** at once. The link shows who works on it and by when, and there you add pictures, nudge us or ask for a supervisor.

| | First answer | Solved |
|---|---|---|
| Normal | 24 hours | 3 working days |
| Urgent | 1 hour | 2 working days |
| Danger to people | 1 hour | 24 hours |

Afterwards we ask how satisfied you are. Not solved? Say so, and a colleague who did not work on it before takes over; for 15 days you may also have it taken up again.""",
    ),
    Text(
        "service", "", "内部：情绪激动的客户怎么接",
        """1. **先听完**，不打断；复述一遍客户的遭遇，让对方知道您听懂了。
2. **先道歉后解释**：为结果道歉，不急着分责任。
3. **给时间和动作**：谁、什么时候、做什么；不说“尽快”。
4. **做不到的不承诺**，说明能做到的和下一步找谁。
5. 涉及人身安全、媒体或 12315 的，当场升级给值班经理。""",
        audience=Audience.STAFF.value,
    ),
)  # fmt: skip


def publish(*, writer: Actor, reader: Actor) -> int:
    """Write and publish the articles; returns how many. `reader` is somebody else than `writer`."""
    topics = {topic.code: topic for topic in Topic.objects.all()}
    made = 0
    for text in TEXTS:
        versions = [(Language.ZH_HANS, text.title, text.body), (Language.EN, text.title_en, text.body_en)]
        for language, title, body in versions:
            if not title:
                continue
            draft = Draft(title, body, topics[text.topic], language, text.audience, product_group=text.group)
            article = articles.create(draft, actor=writer)
            articles.publish(articles.submit(article, actor=writer), actor=reader)
            made += 1
    return made

"""What hangs on the demo company's tickets: check-lists, investigations, time, care tasks (HND-04, HND-10, HND-11)."""

from apps.accounts.models import User
from apps.casework.models import CareTask, ChecklistItem
from apps.casework.selectors import holding
from apps.casework.services import care, checklists, investigations, timekeeping
from apps.casework.services.investigations import Draft
from apps.casework.services.timekeeping import Spent
from apps.casework.states import Activity, CareState
from apps.core import actors, clock
from apps.core.actors import Actor
from apps.feedback.models import Ticket

FINDINGS = "上门封存样品，绝缘电阻 0.2 MΩ，低于标准 2 MΩ；插头根部有裂纹，同批次抽检 20 台有 3 台相同。"
CAUSE = "供应商 7 月更换插头模具，合模线处壁厚不足。"
CONCLUSION = "该批次停售并召回，供应商整改模具，来料检验增加绝缘电阻项目。"
SAID = "插上电源不到一分钟，孩子碰到外壳就说手麻，我马上拔了插头。"
OUTCOMES = (
    "客户情绪已平复，认可处理方案。",
    "已致电，客户希望工程师上门前先打电话。",
    "电话未接，改发短信致歉，客户回复收到。",
)


def before_result(ticket: Ticket, *, actor: Actor, lead: User) -> None:
    """Answer what holds the ticket: tick the list, investigate and sign where it is asked for; enter the time spent."""
    nth = int(ticket.number.split("-")[1])
    for item in ChecklistItem.objects.filter(checklist__ticket=ticket, checklist__removed_at=None, settled_at=None):
        checklists.tick(item, actor=actor)
    if any(each.code == "investigation" for each in holding.missing(ticket, "resolved")):
        held = clock.now()
        investigations.add_interview(ticket, actor=actor, party="customer", person="许静", held_at=held, said=SAID)
        investigations.write(ticket, Draft(FINDINGS, CAUSE, ticket.department, CONCLUSION), actor=actor)
        investigations.sign(ticket, actor=actors.staff(lead))
    if nth % 3 == 0:
        activity = Activity.values[nth % len(Activity.values)]
        timekeeping.add(ticket, Spent(minutes=10 + 5 * (nth % 9), activity=activity), actor=actor)


def look_after(ticket: Ticket, *, lead: User) -> None:
    """The lead does what care asks for, mostly."""
    for n, task in enumerate(CareTask.objects.filter(ticket=ticket, state=CareState.OPEN)):
        if (n + int(ticket.number.split("-")[1])) % 5:
            care.finish(task, actor=actors.staff(lead), outcome=OUTCOMES[n % len(OUTCOMES)])

"""The states of a ticket (HND-01) and what each means."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class TicketState(models.TextChoices):
    PENDING = "pending", _("Pending")  # 待处理: received and routed; no department has accepted it
    ASSIGNED = "assigned", _("Assigned")  # 已分派: given to a department or person, not yet accepted
    IN_PROGRESS = "in_progress", _("In progress")  # 处理中: somebody works on it
    WAITING = "waiting", _("Waiting for customer")  # 待客户: clocks are paused
    SOLUTION_APPROVAL = "solution_approval", _("Solution approval")  # 方案审批: the solution costs money
    RESOLVED = "resolved", _("Resolved")  # 已解决: the result was sent to the customer
    CALLBACK = "callback", _("Call-back")  # 回访中: the survey is out
    SECOND_FOLLOW_UP = "second_follow_up", _("Second follow-up")  # 二次跟进: the customer is not satisfied
    REOPENED = "reopened", _("Reopened")  # 重新打开: back to work
    CLOSED = "closed", _("Closed")  # 已闭环
    REJECTED = "rejected", _("Rejected")  # 已驳回: spam or duplicate
    MERGED = "merged", _("Merged")  # 已合并: another ticket answers for it; can be taken out again


OVER_STATES = (TicketState.CLOSED, TicketState.REJECTED, TicketState.MERGED)
OPEN_STATES = [s for s in TicketState if s not in OVER_STATES]
# Somebody owes work; the customer has no result yet.
WORKING_STATES = [
    TicketState.PENDING,
    TicketState.ASSIGNED,
    TicketState.REOPENED,
    TicketState.IN_PROGRESS,
    TicketState.WAITING,
    TicketState.SOLUTION_APPROVAL,
]
UNACCEPTED_STATES = [TicketState.PENDING, TicketState.ASSIGNED, TicketState.REOPENED]
# The short rail on the workspace and the tracking page: the way that a ticket normally goes.
MAIN_WAY = [
    TicketState.PENDING,
    TicketState.ASSIGNED,
    TicketState.IN_PROGRESS,
    TicketState.RESOLVED,
    TicketState.CALLBACK,
    TicketState.CLOSED,
]


class ClosedAs(models.TextChoices):
    """How a ticket was closed; only the customer's own word counts as satisfied (SUR-03, SUR-04)."""

    SATISFIED = "satisfied", _("Satisfied")
    NO_REPLY = "no_reply", _("No reply")
    FOLLOWED_UP = "followed_up", _("After second follow-up")
    DRILL = "drill", _("End of the drill")
    PART = "part", _("Part of another ticket")  # nobody asks the customer about a part


class RejectReason(models.TextChoices):
    SPAM = "spam", _("Spam")
    DUPLICATE = "duplicate", _("Duplicate")


class SolutionType(models.TextChoices):
    """HND-05."""

    RETURN = "return", _("Return")
    EXCHANGE = "exchange", _("Exchange")
    REPAIR = "repair", _("Repair")
    RESEND = "resend", _("Resend")
    REFUND = "refund", _("Refund")
    COMPENSATION = "compensation", _("Compensation")
    APOLOGY = "apology", _("Apology")
    IMPROVEMENT = "improvement", _("Improvement")


class MessageKind(models.TextChoices):
    """An entry of the ticket's story (HND-03)."""

    CUSTOMER = "customer", _("Customer")
    REPLY = "reply", _("Reply")
    PROGRESS = "progress", _("Progress note to the customer")
    NOTE = "note", _("Internal note")
    CALL = "call", _("Call record")
    TEST_REPORT = "test_report", _("Test report")  # what a test or repair brought; stays inside, files attached
    FOLLOW_UP = "follow_up", _("Second follow-up record")


TO_CUSTOMER = (MessageKind.REPLY, MessageKind.PROGRESS)
CUSTOMER_SEES = (MessageKind.CUSTOMER, *TO_CUSTOMER)

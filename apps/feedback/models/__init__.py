from apps.feedback.models.mail import IncomingMail, Mailbox
from apps.feedback.models.message import Attachment, Message
from apps.feedback.models.plan import Plan, Solution, VaguePhrase
from apps.feedback.models.rules import DeskRules
from apps.feedback.models.survey import Survey
from apps.feedback.models.ticket import Ticket

__all__ = [
    "Attachment",
    "DeskRules",
    "IncomingMail",
    "Mailbox",
    "Message",
    "Plan",
    "Solution",
    "Survey",
    "Ticket",
    "VaguePhrase",
]

from apps.feedback.models.drill import Drill, DrillCase, DrillScenario
from apps.feedback.models.mail import IncomingMail, Mailbox
from apps.feedback.models.message import Attachment, Message
from apps.feedback.models.plan import Plan, Solution, VaguePhrase
from apps.feedback.models.process_feedback import ProcessFeedback
from apps.feedback.models.regulator_case import RegulatorCase
from apps.feedback.models.rules import DeskRules
from apps.feedback.models.search_text import SearchText
from apps.feedback.models.survey import SmsReply, Survey, SurveyRefusal
from apps.feedback.models.tag import Tag
from apps.feedback.models.ticket import Ticket
from apps.feedback.models.ticket_link import Merge, TicketLink

__all__ = [
    "Attachment",
    "DeskRules",
    "Drill",
    "DrillCase",
    "DrillScenario",
    "IncomingMail",
    "Mailbox",
    "Merge",
    "Message",
    "Plan",
    "ProcessFeedback",
    "RegulatorCase",
    "SearchText",
    "SmsReply",
    "Solution",
    "Survey",
    "SurveyRefusal",
    "Tag",
    "Ticket",
    "TicketLink",
    "VaguePhrase",
]

from django.utils.translation import gettext_lazy as _

from apps.core.errors import Problem, register

register(
    {
        "notifications.unknown_placeholder": Problem(
            422, _("“%(placeholder)s” is not a placeholder of this message. It knows: %(known)s.")
        ),
        "notifications.stray_brace": Problem(
            422, _("“%(text)s” is no placeholder. Curly brackets may only stand around a placeholder: %(known)s.")
        ),
        "notifications.private_in_subject": Problem(
            422, _("“%(placeholder)s” is private and may not stand in the subject, which lists show to everybody.")
        ),
        "notifications.placeholder_missing": Problem(422, _("This text may not leave out %(placeholder)s.")),
        "notifications.not_resendable": Problem(
            409, _("Only a message that was not delivered can be sent again. This one: %(state)s.")
        ),
        "notifications.not_a_call": Problem(
            409, _("This message is not a call that is still to be made. It is: %(state)s.")
        ),
        "question.nobody": Problem(
            409, _("Nobody is there to be asked: the system filed this, or whoever did has left.")
        ),
        "question.self": Problem(409, _("You filed this yourself.")),
        "question.answered": Problem(409, _("This question was answered meanwhile.")),
        "sms.signature": Problem(401, _("The signature is missing or wrong.")),
        "sms.clock": Problem(401, _("The time of the signature is more than five minutes from ours.")),
        "sms.not_set_up": Problem(403, _("No key is set for incoming text messages (SMS_GATEWAY_KEY).")),
        "sms.unreadable": Problem(422, _("A JSON object with id, from and text is expected.")),
    }
)

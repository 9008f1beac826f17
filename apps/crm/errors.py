from django.utils.translation import gettext_lazy as _

from apps.core.errors import Problem, register

register(
    {
        "crm.phone_invalid": Problem(
            422, _("This is not a complete phone number. Outside mainland China begin with + and the country code.")
        ),
        "crm.email_invalid": Problem(422, _("This is not an e-mail address, e.g. name@example.com.")),
        "crm.contact_missing": Problem(422, _("Please give a phone number or an e-mail address, so we can answer.")),
        "crm.channel_needs_email": Problem(422, _("To be answered by e-mail, please give an e-mail address.")),
        "crm.channel_needs_phone": Problem(422, _("To be answered by SMS or phone, please give a phone number.")),
        "crm.phone_taken": Problem(422, _("Another customer already has this phone number.")),
        "crm.email_taken": Problem(422, _("Another customer already has this e-mail address.")),
        "crm.external_id_taken": Problem(422, _("Another customer already has this customer number.")),
        "crm.reason_missing": Problem(422, _("Please say why you need to see this; it is recorded.")),
        "crm.nothing_to_reveal": Problem(404, _("Nothing is recorded in this field.")),
    }
)

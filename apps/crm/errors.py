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
        "crm.external_id_differs": Problem(
            409, _("Another customer with another customer number has this phone number or e-mail address.")
        ),
        "crm.no_customer": Problem(422, _("There is no customer with the number %(number)s.")),
        "crm.no_product": Problem(422, _("There is no product with the SKU %(sku)s.")),
        "crm.order_of_another": Problem(409, _("Order %(number)s belongs to another customer.")),
        "crm.number_taken": Problem(409, _("Another row has this number.")),
        "crm.amount_negative": Problem(422, _("An amount can't be negative.")),
        "crm.moments": Problem(422, _("This lies before the order or its shipping.")),
        "crm.line_figures": Problem(422, _("At least one piece, and no negative amounts.")),
        "crm.reason_missing": Problem(422, _("Please say why you need to see this; it is recorded.")),
        "crm.restricted": Problem(
            409, _("This customer's data is restricted: it is stored and protected, and nothing else is done with it.")
        ),
        "crm.not_restricted": Problem(409, _("This customer's data is not restricted.")),
        "crm.erased": Problem(409, _("This customer's data was erased; nothing of it is left.")),
        "crm.no_order": Problem(422, _("There is no order with this number.")),
        "crm.return_number_missing": Problem(422, _("A return needs its number.")),
        "crm.return_over": Problem(409, _("Return %(number)s is %(state)s; nothing of it changes any more.")),
        "crm.return_of_another_order": Problem(409, _("Return %(number)s belongs to another order.")),
        "crm.return_amount": Problem(422, _("Give an amount above zero and not above the order's ¥%(total)s.")),
        "crm.nothing_to_reveal": Problem(404, _("Nothing is recorded in this field.")),
    }
)

from django.utils.translation import gettext_lazy as _

from apps.core.errors import Problem, register

register(
    {
        "invoice.number_missing": Problem(422, _("Please give the invoice number.")),
        "invoice.lines_missing": Problem(422, _("An invoice has at least one line.")),
        "invoice.line_adds_up": Problem(
            422, _("Line %(line)s does not add up: %(net)s at %(rate)s gives %(tax)s of tax, not %(given)s.")
        ),
        "invoice.total_adds_up": Problem(422, _("The lines add up to ¥%(lines)s, the invoice says ¥%(total)s.")),
        "invoice.changed": Problem(
            409, _("Invoice %(number)s is known with other contents. Issued invoices are never edited.")
        ),
        "invoice.external_id_taken": Problem(409, _("This number in the ERP belongs to invoice %(number)s.")),
        "payment.amount": Problem(422, _("Give an amount above zero, in yuan and fen.")),
        "payment.changed": Problem(409, _("Payment %(number)s is known with other contents.")),
        "payment.order_of_another": Problem(422, _("Order %(number)s belongs to another customer.")),
        "rule.from_past": Problem(422, _("A new version begins on %(day)s at the earliest, and after the one before.")),
        "rule.exists": Problem(409, _("There is a version of this rule from that day already.")),
        "rule.span": Problem(422, _("The last day lies before the first.")),
        "money.unknown": Problem(422, _("There is no %(what)s “%(number)s”, or you may not see it.")),
        "invoice.not_undone": Problem(
            409, _("Invoice %(number)s still stands; it is voided or red-lettered before another replaces it.")
        ),
        "invoice.is_red": Problem(422, _("%(number)s is a red invoice; undo its blue one.")),
        "invoice.ended": Problem(409, _("Invoice %(number)s is %(state)s; nothing of it is left.")),
        "invoice.fact_computed": Problem(422, _("The month of issue answers this by itself.")),
        "void.nothing_left": Problem(409, _("Nothing is left of line %(line)s.")),
        "void.above_balance": Problem(
            422, _("Line %(line)s: at most %(quantity)s pieces and ¥%(net)s net are left, you asked for more.")
        ),
        "void.lines_missing": Problem(422, _("Choose the lines that are undone.")),
        "void.only_whole": Problem(422, _("“%(reason)s” undoes the whole invoice only.")),
        "void.no_quantity": Problem(422, _("“%(reason)s” changes the amount, not the quantity.")),
        "void.no_amount": Problem(422, _("“%(reason)s” changes the quantity; the amount follows from it.")),
        "void.reason_unknown": Problem(422, _("There is no reason %(reason)s for this kind of invoice.")),
        "void.waiting": Problem(
            409, _("Request %(number)s for this invoice is not finished; a whole invoice is undone once.")
        ),
        "void.checks_open": Problem(409, _("The verification is not finished.")),
        "void.undecided": Problem(409, _("It is not decided yet how the invoice is undone: %(missing)s")),
        "void.no_rule": Problem(409, _("No rule covers this invoice. Finance must add one.")),
        "void.form_missing": Problem(409, _("The red form is not confirmed yet.")),
        "void.form_alive": Problem(409, _("There is a form already; it must be settled or withdrawn first.")),
        "void.form_let_go": Problem(
            409, _("The form of the decision before must be withdrawn from the tax platform first.")
        ),
        "void.form_wanted": Problem(409, _("The request still needs this form.")),
        "void.form_over": Problem(409, _("This form is %(state)s; enter a new one.")),
        "void.being_executed": Problem(409, _("A call to the tax platform is open; its outcome must be known first.")),
        "void.check_by_system": Problem(409, _("The system found this itself; a person cannot overrule it.")),
        "void.not_archivable": Problem(409, _("It is not executed yet.")),
        "void.whole_only": Problem(
            422,
            _(
                "The buyer has neither used nor booked it, so only the whole invoice can be red-lettered (%(basis)s). "
                "Undo the whole and issue it anew."
            ),
        ),
        "link.invoice_unknown": Problem(409, _("There is no invoice %(number)s in our books.")),
        "link.invoice_of_another": Problem(409, _("Invoice %(number)s belongs to another customer.")),
        "link.no_invoice": Problem(409, _("No invoice that still stands was found (order %(order)s).")),
        "link.several_invoices": Problem(409, _("Several invoices fit (%(order)s); choose the right one.")),
        "link.amount_unclear": Problem(
            409, _("The order says ¥%(order)s, ¥%(left)s of the invoice are left: say how much is undone.")
        ),
        "link.above_invoice": Problem(409, _("¥%(amount)s are to go back, only ¥%(left)s of the invoice are left.")),
        "link.part_unclear": Problem(409, _("It is not clear which lines make ¥%(amount)s; choose them.")),
        "link.no_payment": Problem(409, _("No payment of order %(order)s covers ¥%(amount)s.")),
        "link.several_payments": Problem(409, _("Several payments of order %(order)s fit; choose the right one.")),
        "link.no_rule": Problem(409, _("No rule lets a return of ¥%(amount)s start by itself.")),
        "link.ticket_over": Problem(409, _("This ticket is over; reopen it first.")),
        "money.open": Problem(409, _("Money is still open: %(cases)s. Finish it or take it back first.")),
        "money.refusal_told": Problem(409, _("The customer has been told already.")),
        "money.not_refused": Problem(409, _("This refund was not rejected.")),
        "refund.account_closed": Problem(409, _("The customer's account is closed; coupons and points lead nowhere.")),
        "cancellation.number_missing": Problem(422, _("Give the number of the voucher or account.")),
        "cancellation.twice": Problem(409, _("Case %(number)s is about this voucher or account already.")),
        "cancellation.amount": Problem(422, _("Give the value in yuan and fen, 0 or more.")),
        "cancellation.checks_open": Problem(409, _("The check-list is not finished.")),
        "cancellation.check_by_system": Problem(409, _("The system found this itself; a person cannot overrule it.")),
        "cancellation.reference_missing": Problem(422, _("Give the reference of the shop system.")),
        "tax.not_by_hand": Problem(409, _("This call is not done by hand, or is over already.")),
        "tax.none_open": Problem(409, _("No call to the tax platform is open.")),
        "tax.recorded": Problem(409, _("Somebody has recorded this already; a second person looks at it.")),
        "tax.not_recorded": Problem(409, _("Nobody has recorded yet what was done.")),
        "tax.own": Problem(403, _("Somebody else must look at what you recorded.")),
        "tax.number_taken": Problem(409, _("%(number)s is recorded for another case already.")),
        "tax.not_the_red": Problem(
            409, _("%(number)s is an invoice that we have already; give the red invoice's own number.")
        ),
        "sheet.unreadable": Problem(422, _("The sheet cannot be read: %(why)s")),
        "sheet.too_long": Problem(422, _("A sheet has at most %(limit)s rows.")),
        "sheet.column_missing": Problem(422, _("The column “%(name)s” is missing.")),
        "sheet.empty": Problem(422, _("The sheet has no rows.")),
        "sheet.moment": Problem(422, _("“%(value)s” is not a date, e.g. 2026-05-06 14:30.")),
        "sheet.no_order": Problem(422, _("There is no order %(number)s.")),
        "sheet.unchecked": Problem(409, _("The rows are still being checked.")),
        "sheet.no_invoice": Problem(422, _("There is no invoice %(number)s here.")),
        "sheet.invoice_not_unique": Problem(422, _("Invoice number %(number)s is not unique; give the code as well.")),
        "sheet.amount": Problem(422, _("“%(value)s” is not an amount.")),
        "sheet.amount_differs": Problem(422, _("The sheet names ¥%(given)s, ¥%(amount)s of the invoice are left.")),
        "sheet.twice": Problem(422, _("This invoice stands in row %(row)s already.")),
        "refund.amount": Problem(422, _("Give an amount above zero, in yuan and fen.")),
        "refund.payment_missing": Problem(422, _("A refund needs the payment it comes from.")),
        "refund.customer_missing": Problem(422, _("Say who gets it.")),
        "refund.payee_missing": Problem(422, _("A transfer needs the payee's name and account.")),
        "refund.above_paid": Problem(422, _("At most ¥%(left)s of this payment is left to refund.")),
        "refund.payee_differs": Problem(
            422, _("The payee must be who paid. Money to somebody else needs a refund of its own, filed and approved.")
        ),
        "refund.no_way_left": Problem(409, _("There is no other way left; a person pays it by hand.")),
        "refund.paid_after_all": Problem(
            409, _("The provider says now that it was paid after all; nothing else is tried.")
        ),
        "statement.day": Problem(422, _("Choose a day of the last %(days)s days, today at the latest.")),
        "statement.none": Problem(
            502, _("The provider gave no statement of this day that can be read. Try again later.")
        ),
        "refund.red_first": Problem(409, _("Waits for the red letter of invoice %(invoice)s.")),
        "refund.gate_open": Problem(409, _("Nothing holds this refund back for its invoice.")),
        "refund.no_float": Problem(409, _("Waits for money: ¥%(left)s are left with %(channel)s.")),
        "refund.too_late": Problem(409, _("WeChat Pay refunds within 365 days; send it another way.")),
        "refund.too_many_parts": Problem(
            409, _("WeChat Pay takes 50 partial refunds of a payment; send it another way.")
        ),
        "refund.one_a_minute": Problem(
            409, _("Waits a minute: WeChat Pay takes one partial refund of a payment a minute.")
        ),
        "difference.settled": Problem(409, _("This difference is settled already.")),
        "batch.empty": Problem(422, _("No approved transfer waits for a batch.")),
        "batch.own": Problem(403, _("Somebody else must release what you drew up.")),
        "batch.taken": Problem(409, _("The file was downloaded already; a second copy could pay twice.")),
        "batch.not_with_bank": Problem(409, _("There is no result to read: the file was not downloaded.")),
        "batch.debtor_missing": Problem(
            409, _("Name the paying account first (BANK_DEBTOR_ACCOUNT, BANK_DEBTOR_BANK in the settings).")
        ),
        "batch.changed": Problem(409, _("The rows changed since the release; cancel the batch and draw up a new one.")),
        "batch.unreadable": Problem(422, _("This is no result file: %(why)s")),
        "batch.row_unknown": Problem(422, _("Row %(row)s: %(number)s is not in this batch.")),
        "batch.row_amount": Problem(422, _("Row %(row)s: ¥%(given)s instead of ¥%(amount)s.")),
        "batch.row_state": Problem(422, _("Row %(row)s: “%(given)s” is neither a success nor a failure.")),
        "batch.row_settled": Problem(422, _("Row %(row)s: %(number)s was settled otherwise before.")),
        "batch.row_twice": Problem(
            422, _("Row %(row)s: this file calls %(number)s both paid and failed. Ask the bank which is true.")
        ),
        "hand.not_by_hand": Problem(409, _("This attempt is not paid by hand.")),
        "hand.recorded": Problem(409, _("A payment is recorded already.")),
        "hand.not_recorded": Problem(409, _("Nobody has recorded the payment yet.")),
        "hand.own": Problem(403, _("Somebody else must confirm the payment you recorded.")),
        "hand.reference_missing": Problem(422, _("Give the reference of the payment.")),
        "refund.being_paid": Problem(409, _("This refund is being paid; its outcome must be known first.")),
        "approval.own": Problem(403, _("Nobody approves what they filed themselves.")),
        "approval.twice": Problem(403, _("Somebody else must sign as well; you signed already.")),
        "approval.above_limit": Problem(403, _("¥%(amount)s is above your approval limit of ¥%(limit)s.")),
        "approval.not_waiting": Problem(409, _("This case waits for nobody's signature.")),
        "approval.one_by_one": Problem(
            409, _("¥%(amount)s with its splits: no rule lets this be signed along with others; open it.")
        ),
        "approval.not_yours": Problem(403, _("This signature is not yours to give.")),
        "delegation.span": Problem(422, _("The last day lies before the first.")),
        "delegation.self": Problem(422, _("Choose somebody else.")),
        "delegation.to_oneself": Problem(
            422, _("Nobody gives themselves somebody else's power. They give it, or another administrator does.")
        ),
        "delegation.audits": Problem(422, _("%(name)s audits these cases and cannot decide them.")),
        "delegation.no_right": Problem(422, _("%(name)s has no right to sign this.")),
        "pack.not_ready": Problem(409, _("This pack is not built yet.")),
        "pack.gone": Problem(410, _("The file of this pack was destroyed by a destruction list; its digest remains.")),
        "pack.changed": Problem(500, _("The stored file is not the one that was built. Tell the administrator.")),
        "pack.being_built": Problem(409, _("A pack of this case is being built already.")),
        "pack.reason_short": Problem(422, _("Say in at least %(least)s characters why.")),
        "period.closed": Problem(409, _("The month %(month)s is closed and takes no postings.")),
        "period.not_over": Problem(409, _("%(month)s is not over yet.")),
        "period.blocked": Problem(409, _("%(count)s things must be settled before %(month)s can be closed.")),
        "period.own": Problem(403, _("Somebody else than who closed the month must open it again.")),
        "period.not_newest": Problem(409, _("Only the month that was closed last can be opened again.")),
        "period.reason_short": Problem(422, _("Say in at least %(least)s characters why the month is opened again.")),
    }
)

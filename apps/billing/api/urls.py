from django.urls import path

from apps.billing.api import cancellations, invoices, money, refunds, voids

CASE = "cancellations/<str:number>/"
VOID, REFUND, BATCH = "void-requests/<str:number>/", "refunds/<str:number>/", "bank-batches/<str:number>/"

urlpatterns = [
    path("invoices/", invoices.InvoicesView.as_view(), name="api-invoices"),
    path("invoices/bulk/", invoices.InvoicesBulkView.as_view(), name="api-invoices-bulk"),
    path("invoices/<uuid:invoice_id>/", invoices.InvoiceView.as_view(), name="api-invoice"),
    path("invoices/<uuid:invoice_id>/facts/", invoices.InvoiceFactsView.as_view(), name="api-invoice-facts"),
    path("payments/", invoices.PaymentsView.as_view(), name="api-payments"),
    path("payments/bulk/", invoices.PaymentsBulkView.as_view(), name="api-payments-bulk"),
    path("void-requests/", voids.VoidRequestsView.as_view(), name="api-void-requests"),
    path(VOID, voids.VoidRequestView.as_view(), name="api-void-request"),
    path(f"{VOID}decision/", voids.DecisionView.as_view(), name="api-void-decision"),
    path(f"{VOID}withdrawal/", voids.WithdrawalView.as_view(), name="api-void-withdrawal"),
    path(f"{VOID}resubmission/", voids.ResubmissionView.as_view(), name="api-void-resubmission"),
    path(f"{VOID}checks/", voids.ChecksView.as_view(), name="api-void-checks"),
    path(f"{VOID}verification/", voids.VerificationView.as_view(), name="api-void-verification"),
    path(f"{VOID}execution/", voids.ExecutionView.as_view(), name="api-void-execution"),
    path(f"{VOID}forms/", voids.FormsView.as_view(), name="api-void-forms"),
    path(f"{VOID}forms/<uuid:form_id>/", voids.FormView.as_view(), name="api-void-form"),
    path("refunds/", refunds.RefundsView.as_view(), name="api-refunds"),
    path(REFUND, refunds.RefundView.as_view(), name="api-refund"),
    path(f"{REFUND}attempts/", refunds.AttemptsView.as_view(), name="api-refund-attempts"),
    path(f"{REFUND}decision/", refunds.DecisionView.as_view(), name="api-refund-decision"),
    path(f"{REFUND}cancellation/", refunds.CancellationView.as_view(), name="api-refund-cancellation"),
    path(f"{REFUND}payment/", refunds.PaymentView.as_view(), name="api-refund-payment"),
    path(f"{REFUND}another-way/", refunds.AnotherWayView.as_view(), name="api-refund-way"),
    path("cancellations/", cancellations.CancellationsView.as_view(), name="api-cancellations"),
    path(CASE, cancellations.CancellationView.as_view(), name="api-cancellation"),
    path(f"{CASE}decision/", cancellations.CancellationDecisionView.as_view(), name="api-cancellation-decision"),
    path(f"{CASE}withdrawal/", cancellations.CancellationWithdrawalView.as_view(), name="api-cancellation-withdrawal"),
    path(f"{CASE}checks/", cancellations.CancellationChecksView.as_view(), name="api-cancellation-checks"),
    path(f"{CASE}execution/", cancellations.CancellationExecutionView.as_view(), name="api-cancellation-execution"),
    path("bank-batches/", money.BatchesView.as_view(), name="api-bank-batches"),
    path(BATCH, money.BatchView.as_view(), name="api-bank-batch"),
    path(f"{BATCH}release/", money.ReleaseView.as_view(), name="api-bank-batch-release"),
    path(f"{BATCH}cancellation/", money.BatchCancellationView.as_view(), name="api-bank-batch-cancellation"),
    path("differences/", money.DifferencesView.as_view(), name="api-differences"),
    path("differences/<uuid:difference_id>/owner/", money.DifferenceOwnerView.as_view(), name="api-difference-owner"),
    path(
        "differences/<uuid:difference_id>/resolution/", money.DifferenceResolutionView.as_view(),
        name="api-difference-resolution",
    ),
    path("approvals/waiting/", money.WaitingView.as_view(), name="api-approvals-waiting"),
    path("delegations/", money.DelegationsView.as_view(), name="api-delegations"),
    path("delegations/<uuid:delegation_id>/end/", money.DelegationEndView.as_view(), name="api-delegation-end"),
    path("tickets/<str:number>/settlement/", money.SettlementView.as_view(), name="api-ticket-settlement"),
]  # fmt: skip

"""What crm tells the journal; the subject is the customer. Facts name fields, never their values."""

CUSTOMER_CREATED = "customer.created"  # fields
CUSTOMER_UPDATED = "customer.updated"  # fields
PERSONAL_DATA_REVEALED = "personal_data.revealed"  # field, about: {type, id} of what was being worked on, or None
CUSTOMER_RESTRICTED = "customer.restricted"
CUSTOMER_RELEASED = "customer.released"  # a restriction ended
CUSTOMER_ERASED = "customer.erased"  # columns

ORDER_REPORTED = "order.reported"  # subject: the order; state, total, lines, new
PRODUCT_REPORTED = "product.reported"  # subject: the product; fields, new

RETURN_REPORTED = "return_order.reported"  # subject: the return order; state
RETURN_COMPLETED = "return_order.completed"  # subject: the return order; once, whatever is reported after it

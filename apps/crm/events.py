"""What crm tells the journal; the subject is the customer. Facts name fields, never their values."""

CUSTOMER_CREATED = "customer.created"  # fields
CUSTOMER_UPDATED = "customer.updated"  # fields
PERSONAL_DATA_REVEALED = "personal_data.revealed"  # field, about: {type, id} of what was being worked on, or None

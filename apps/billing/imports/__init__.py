"""Tables of customers, products, orders, invoices and payments: what a row means, and how it is taken in (LNK-04)."""

"""The e-mail door: reading mail (`parsing` and what it uses, pure) and the mail server (`imap`).

What comes in is written by `feedback.services.incoming_mail`; mailboxes are kept by `feedback.services.mailboxes`.
"""

"""What every demo log-in shares. Only demo companies have these people, and only embedded databases a demo company."""

from django.contrib.auth.hashers import Argon2PasswordHasher

PASSWORD = "qingchuan-demo"


class QuickHasher(Argon2PasswordHasher):
    """For a password that is printed on the screen; Django hashes it as strongly as any at the first log-in."""

    time_cost = 1
    memory_cost = 1024
    parallelism = 1

"""What every demo log-in shares. Only demo companies have these people, and only embedded databases a demo company."""

PASSWORD = "qingchuan-demo"

"""Payment providers on loopback, with keys, a durable ledger and faults of their own (REFUND-FACTS)."""

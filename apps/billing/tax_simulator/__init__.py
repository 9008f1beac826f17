"""A tax platform on loopback with its own key and ledger: for trying things out, for tests and for chaos."""

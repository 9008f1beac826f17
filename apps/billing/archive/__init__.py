"""Evidence packs: what goes in, how they are sealed, and the one-file verifier that goes with them (ARC-01, ARC-03)."""

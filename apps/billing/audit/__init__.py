"""Quarterly samples, check-lists, findings, separation of duties, red flags (ARC-04, ARC-06)."""

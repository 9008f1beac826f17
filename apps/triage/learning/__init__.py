"""The learned classifier (CLS-03), without any library: trained in minutes, read in some 50 µs a text. See ADR 6."""

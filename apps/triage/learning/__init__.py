"""The learned classifier (CLS-03). Training needs scikit-learn and happens in one place; reading needs nothing. See ADR 6."""

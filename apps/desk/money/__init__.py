"""The pages of void requests and refunds: what they show (`*_view`), what can be done there (`*_acts`)."""

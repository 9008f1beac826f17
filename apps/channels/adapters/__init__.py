"""The platforms behind our doors. `base` is the contract; importing `apps.channels.adapters.social` registers three."""

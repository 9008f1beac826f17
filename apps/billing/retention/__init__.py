"""How long records are kept, what holds them, how they are destroyed, and what people may ask of us (ARC-05, LAW-04/05)."""

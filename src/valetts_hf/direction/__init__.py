"""Direction: styles and drawn sketches, as objects the SDK speaks with."""

"""The ValeTTS network: configuration, model and one file per concept (a flat folder that travels with a checkpoint)."""

"""Training of the networks that turn a drawn sketch into contours."""

"""The HTTP side: the page to draw prosody on, and what servers share (limits, errors, the bounded queue)."""

"""Readers: a text or a mail -> Bounce. Each knows one way in which servers and programs report a failure."""

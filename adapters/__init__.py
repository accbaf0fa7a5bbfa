"""Adapters: one package per platform. Each reads an event, asks the core, draws the Message, sends it."""

"""Discord: slash command, message command, mentions, direct messages and watched channels over the gateway."""

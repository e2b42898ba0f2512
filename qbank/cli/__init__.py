"""The headless surface: one module a command group, each importing its command's needs inside the command."""

"""The browser: the person's chat, the supporter's desk, the lead's board, and the sockets they talk over."""

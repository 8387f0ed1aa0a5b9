"""How soon the language server answers on a large channel."""

"""One entry with all that belongs to it, and its proof."""

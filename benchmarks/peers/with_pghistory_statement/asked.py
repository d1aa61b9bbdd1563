from with_pghistory.asked import Asked

__all__ = ["Asked"]

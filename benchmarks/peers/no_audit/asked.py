from asking import Audit as Asked

__all__ = ["Asked"]

from project.asgi import application

__all__ = ["application"]

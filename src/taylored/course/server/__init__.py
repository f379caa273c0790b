"""The local server of the course: who may come in, pages, one socket, progress on disk."""

__all__: list[str] = []

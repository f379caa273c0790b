"""The explorables of the lessons, by subject; a lesson names one as `file.name`."""

__all__: list[str] = []

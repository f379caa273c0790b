"""Lessons as pages: Markdown and LaTeX in, accessible HTML with live figures and exercises out."""

from taylored.course.pages.exercise import exercise_html, exercise_named, fill, help_html
from taylored.course.pages.lesson import LESSONS, LessonError
from taylored.course.pages.markdown import markdown_html
from taylored.course.pages.page import index_html, lesson_html

__all__ = ["LESSONS", "LessonError", "exercise_html", "exercise_named", "fill", "help_html"]
__all__ += ["index_html", "lesson_html", "markdown_html"]

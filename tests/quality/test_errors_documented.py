"""Every exception has its section in docs/errors: cause, cure, and the right exit code."""

import re

import pytest

from taylored import errors
from tree import ROOT

PAGE = (ROOT / "docs" / "errors" / "index.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## `(\w+)`\n(.*?)(?=^## |\Z)", PAGE, re.M | re.S))


@pytest.mark.parametrize("name", errors.__all__)
def test_error_has_cause_cure_and_exit_code(name):
    section = SECTIONS[name]
    assert re.search(r"^\*\*Cause\.\*\* \w", section, re.M)
    assert re.search(r"^\*\*Cure\.\*\* \w", section, re.M)
    assert f"Exit code {getattr(errors, name).exit_code}." in section


def test_no_section_without_an_error():
    assert list(SECTIONS) == sorted(SECTIONS)
    assert set(SECTIONS) == set(errors.__all__)

"""Checks for whoever adds a function to taylored: independent truth beside what was added.

`check_rule` holds a row of elementwise facts against mpmath; `oracle` gives the truth for the
functions that taylored knows. Needs the extra `test`.
"""

from taylored.testing.oracles import ORACLES, Oracle, oracle
from taylored.testing.rules import RuleCheck, check_rule

__all__ = ["ORACLES", "Oracle", "RuleCheck", "check_rule", "oracle"]

"""`taylored completion SHELL`: completion scripts, made from the declared options."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from taylored.cli._output import emit
from taylored.cli._texts import COMMANDS
from taylored.cli.options import Options, parser_of, unknown
from taylored.errors import ArgumentError

__all__ = ["run", "script"]

SHELLS = ("bash", "fish", "zsh")


def run(options: Options) -> int:
    """Print the script."""
    if len(options.arguments) != 1:
        what = f"Which shell? One of {', '.join(SHELLS)}."
        raise ArgumentError(what, next_step="write: taylored completion bash")
    shell = options.arguments[0]
    if shell not in SHELLS:
        raise unknown("completion for the shell", shell, SHELLS, f"there is {', '.join(SHELLS)}")
    emit(script(shell))
    return 0


def script(shell: str) -> str:
    """The completion script of a shell."""
    return {"bash": _bash, "fish": _fish, "zsh": _zsh}[shell]()


def _actions(command: str) -> Iterator[argparse.Action]:
    for action in parser_of(command)._actions:
        if action.option_strings:
            yield action


def _flags(command: str) -> list[str]:
    found = [name for a in _actions(command) for name in a.option_strings if name.startswith("--")]
    return sorted(found)


def _choices() -> dict[str, list[str]]:
    """The options that take one of a few words."""
    found = {}
    for command in COMMANDS:
        for action in _actions(command):
            if action.choices:
                found[action.option_strings[-1]] = [str(choice) for choice in action.choices]
    return dict(sorted(found.items()))


def _bash() -> str:
    choices = "\n".join(
        f'    {flag}) COMPREPLY=($(compgen -W "{" ".join(words)}" -- "$current")); return ;;'
        for flag, words in _choices().items()
    )
    flags = "\n".join(f'    {c}) options="{" ".join(_flags(c))}" ;;' for c in COMMANDS)
    return f"""\
# Completion of taylored for bash. Use it with: source <(taylored completion bash)
_taylored() {{
  local current="${{COMP_WORDS[COMP_CWORD]}}" before="${{COMP_WORDS[COMP_CWORD-1]}}" options=""
  COMPREPLY=()
  if [[ $COMP_CWORD -eq 1 ]]; then
    COMPREPLY=($(compgen -W "{" ".join(COMMANDS)} --help --version" -- "$current"))
    return
  fi
  case "$before" in
{choices}
    completion) COMPREPLY=($(compgen -W "{" ".join(SHELLS)}" -- "$current")); return ;;
  esac
  case "${{COMP_WORDS[1]}}" in
{flags}
  esac
  # Without an answer of ours bash completes the names of files.
  if [[ "$current" == -* ]]; then
    COMPREPLY=($(compgen -W "$options" -- "$current"))
  fi
}}
complete -o default -F _taylored taylored
"""


def _zsh() -> str:
    choices = "\n".join(
        f"    {flag}) compadd -- {' '.join(words)}; return ;;" for flag, words in _choices().items()
    )
    flags = "\n".join(f"      {c}) compadd -- {' '.join(_flags(c))} ;;" for c in COMMANDS)
    return f"""\
#compdef taylored
# Completion of taylored for zsh. Use it with: source <(taylored completion zsh)
_taylored() {{
  if (( CURRENT == 2 )); then
    compadd -- {" ".join(COMMANDS)} --help --version
    return
  fi
  case "$words[CURRENT-1]" in
{choices}
    completion) compadd -- {" ".join(SHELLS)}; return ;;
  esac
  if [[ "$words[CURRENT]" == -* ]]; then
    case "$words[2]" in
{flags}
    esac
  else
    _files
  fi
}}
(( $+functions[compdef] )) && compdef _taylored taylored
"""


def _fish() -> str:
    lines = ["# Completion of taylored for fish."]
    none = "__fish_use_subcommand"
    lines += [
        f"complete -c taylored -f -n {none} -a {name} -d {_quoted(text)}"
        for name, text in COMMANDS.items()
    ]
    lines += [
        f"complete -c taylored -n {none} -l help",
        f"complete -c taylored -n {none} -l version",
    ]
    for command in COMMANDS:
        seen = f"'__fish_seen_subcommand_from {command}'"
        for action in _actions(command):
            lines += [
                f"complete -c taylored -n {seen} -l {name[2:]}{_fish_value(action)}"
                f" -d {_quoted((action.help or '').split(';')[0])}"
                for name in action.option_strings
                if name.startswith("--")
            ]
    seen = "'__fish_seen_subcommand_from completion'"
    lines.append(f"complete -c taylored -f -n {seen} -a {_quoted(' '.join(SHELLS))}")
    return "\n".join(lines) + "\n"


def _fish_value(action: argparse.Action) -> str:
    if action.choices:
        return f" -x -a {_quoted(' '.join(map(str, action.choices)))}"
    return " -r" if action.nargs is None else ""


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"

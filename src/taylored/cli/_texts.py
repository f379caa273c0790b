"""The words of `--help`: what each command does, how it is called, and examples."""

from __future__ import annotations

__all__ = ["COMMANDS", "EXIT_CODES", "HELP", "MAIN_HELP", "MODULES", "VERDICT_HELP"]

COMMANDS = {
    "fit": "Fit any model to data by least squares, and say how far to trust each parameter.",
    "line": "Fit a straight line, y = intercept + slope*x.",
    "fit-many": "Fit one model to each pixel, curve or group, with a verdict for every fit.",
    "train": "Train a network on a table, with intervals whose coverage is measured.",
    "predict": "Predict new rows with a saved network, each with its interval.",
    "gradient": "Differentiate a formula by each of its inputs, and say how many digits are right.",
    "jacobian": "Differentiate several formulas by each of their inputs.",
    "hessian": "Differentiate a formula twice, by each pair of its inputs.",
    "chain": "Show the chain rule of a formula: every local factor, and the sum over paths.",
    "taylor": "Expand a formula in a Taylor polynomial, with a proved bound on the remainder.",
    "root": "Solve an equation or a system, and prove that the root is there.",
    "minimize": "Minimize a formula within constraints, and certify the point.",
    "show": "Show a saved fit or network: report, picture, prediction.",
    "course": "Open the course in the browser: lessons, live figures, exercises.",
    "rules": "List which operations each reading of a model has a rule for.",
    "doctor": "Check the environment: versions, float64, long double, the device of XLA.",
    "completion": "Print a completion script for a shell.",
}

# commands whose module has another name
MODULES: dict[str, str] = dict.fromkeys(("gradient", "jacobian", "hessian"), "derivatives")
MODULES["fit-many"] = "fit_many"

EXIT_CODES = """\
exit codes:
  0  a result            3  data                     6  not identifiable
  1  internal error      4  not converged          130  interrupted
  2  usage or formula    5  not to be trusted"""

VERDICT_HELP = f"""\
Results go to standard output, notes and errors to standard error.

{EXIT_CODES}"""

_DATA = """\
DATA is a file or - for standard input: CSV, TSV, blanks, JSON lines, Parquet or
Arrow, compressed with gzip, bzip2, xz or zstd as well."""

_FIT = f"""\
{_DATA}

FORMULA is RESPONSE ~ MODEL, in quotes. Names that are columns of DATA are data,
all others are parameters. It has + - * / ^, comparisons, pi, and functions:
exp log log10 sqrt sin cos tan ... erf gamma min max where(test, yes, no).
Column names with blanks stand in backquotes, within single quotes of the shell.

examples:
  taylored fit decay.csv "y ~ a*exp(-x/tau) + c"
  taylored fit decay.csv "y ~ a*exp(-x/tau)" --sigma dy --units x=s,y=V
  taylored fit peak.csv "y ~ a*exp(-(x-m)^2/(2*s^2))" --start m=5 --bounds s=0:
  taylored fit log.txt "T ~ T0 + r*t" --columns t=1,T=3 --where "t < 50"
  zcat big.csv.gz | taylored fit - "y ~ a*x^n" --json --save fit.json
  taylored fit decay.csv "y ~ a*exp(-x/tau)" --predict 0:10:0.5 --csv"""

_LINE = f"""\
{_DATA}
Y and X are columns, by name or by number from 1. Without them DATA has two
columns, x and then y.

examples:
  taylored line calibration.csv y x
  taylored line calibration.csv 2 1 --sigma dy --units x=mm,y=V
  taylored line points.txt --plot line.png"""

_FIT_MANY = """\
DATA is a cube of curves: Zarr, NetCDF, .npy or .npz; or, with --by, a long table
(CSV, Parquet, ...) with one row per point. Files are read piece by piece.

FORMULA is MODEL, or VARIABLE ~ MODEL, in quotes. Names that are coordinates of
DATA are data, all others are parameters; starts are found for each fit. Fits
with a flat, empty, clipped or unclear signal get a verdict instead of a number.
The exit code is 0 if any fit is usable, else 5; with --fail-on warn it is 5 if
any fit is not.

examples:
  taylored fit-many cube.zarr "a*exp(-t/tau) + c" --dim t --out maps.zarr
  taylored fit-many cube.nc "signal ~ a*exp(-t/tau)" --mask brain --sigma noise
  taylored fit-many curves.npy "a*exp(-t/tau)" --coord t=0:99:1 --plot quality.png
  taylored fit-many cells.parquet "y ~ a*exp(-t/tau)" --by slide,cell --json
  taylored fit-many big.zarr "a*exp(-t/tau)" --dim t --out maps.zarr --ledger done"""

_TRAIN = f"""\
{_DATA}

FORMULA is RESPONSE ~ INPUTS, in quotes: columns with + or - between them, . for
all others. Columns of text are categories. Names with blanks stand in
backquotes, within single quotes of the shell. What a network says is checked on
rows that its members have not seen, and simpler models are scored beside it.
The exit code is 5 where it predicts no better than the mean.

examples:
  taylored train houses.csv "price ~ ." --save houses.safetensors
  taylored train penguins.csv "species ~ . - island" --plot reliability.png
  taylored train wave.csv "y ~ x" --hidden 20 --plot
  taylored train houses.csv "price ~ size + town" --weights n --importance"""

_PREDICT = f"""\
{_DATA}

NET is a file that `taylored train --save NET` wrote. The answer is DATA with
new columns, as CSV: value, lo and hi, or class, probabilities and the set of
classes at --level; then trusted, which is false for rows far outside of
training and for categories that it had not. Cells are empty where nothing is
claimed.

examples:
  taylored predict houses.safetensors new.csv > answers.csv
  taylored predict houses.safetensors new.csv --level 0.95 -o answers.csv
  zcat new.csv.gz | taylored predict houses.safetensors - --json"""

_POINT = """\
FORMULA has + - * / ^, comparisons, pi and functions, in quotes. With --at its
derivatives are numbers, each with an estimate of its error; without --at they
are formulas. A number is taken as it is written: 0.1 is one tenth, pi/4 exact.
The exit code is 5 where a derivative does not exist or has no right digit."""

_GRADIENT = f"""\
{_POINT}

examples:
  taylored gradient "x^2*sin(y)" --at x=1,y=2
  taylored gradient "a*exp(-t/tau)" --at a=2,t=1,tau=1.5 --wrt a,tau
  taylored gradient "a*exp(-t/tau)" --latex"""

_JACOBIAN = f"""\
{_POINT}

examples:
  taylored jacobian "r*cos(phi)" "r*sin(phi)" --at r=2,phi=pi/6
  taylored jacobian "x*y" "x/y" "x^y" --at x=1.5 --at y=2 --json"""

_HESSIAN = f"""\
{_POINT}

examples:
  taylored hessian "100*(y-x^2)^2 + (1-x)^2" --at x=1,y=1 --wrt x,y
  taylored hessian "x*exp(-x*y)" --symbolic"""

_CHAIN = """\
FORMULA has + - * / ^, comparisons, pi and functions, in quotes. Every step of it
is a node with its value and its adjoint, the derivative of the result by it;
every edge has a local factor. The influence of an input is the sum over all
paths from it to the result, each the product of the factors along it.
The exit code is 5 where the derivative does not exist or is not confirmed.

examples:
  taylored chain "x*exp(-x/tau)" --at x=1,tau=2 --plot
  taylored chain "x*exp(-x/tau)" --at x=1,tau=2 --of x
  taylored chain "sin(x*y)/(1 + x^2)" --at x=pi/4,y=2 --plot graph.png
  taylored chain "log(1 + exp(-x))" --at 0.5 --latex"""

_TAYLOR = """\
FORMULA has + - * / ^, comparisons, pi and functions, in quotes. The center is
the float64 nearest to what --at says. The remainder f - T is bounded on the
interval --on, which holds the center, or within --radius of the center: proved,
the rounding in T included. Without either nothing is known of it.
The exit code is 2 where there is no polynomial, 4 where its remainder cannot
be bounded, and 5 where nothing is known of the remainder.

examples:
  taylored taylor "exp(sin(2*x))" --at 0.3 --order 6 --on -1:1
  taylored taylor "log(1+x)" --at 0 --tol 1e-8 --radius 0.25 --plot error.png
  taylored taylor "exp(-x*y)" --at x=0,y=1 --order 3 --on x=-1:1,y=0:2
  taylored taylor "sin(x)" --at pi/4 --order 5 --latex --radius 0.1"""

_ROOT = """\
FORMULA is what is to be zero, or an equation with = , in quotes; several make a
system. One unknown is solved by Newton's method within a bracket, a system by
Newton steps in a trust region; then an interval is proved to hold one root.
With --all the whole of --on is searched, and nothing is left out unproved.
The exit code is 4 where no root is found, and 5 where the equations cannot all
hold or not all of --on is decided.

examples:
  taylored root "x^3 - 2*x - 5" --start 2
  taylored root "cos(x) = x" --bracket 0:1 --plot newton.png
  taylored root "x^2 + y^2 = 4" "x*y = 1" --start x=2,y=0.5
  taylored root "sin(5*x) = x/2" --all --on -5:5
  taylored root "x^2 + y^2 = 4" "x*y = 1" --all --on x=-3:3,y=-3:3 --json"""

_MINIMIZE = """\
FORMULA and CONSTRAINT have + - * / ^, comparisons, pi and functions, in quotes.
All names in them are variables, and each needs a start. A minimum is a local
one. It is certified without the solver: residuals in the units given, the
curvature, and a proof where there can be one. The price of a constraint says by
how much the minimum falls when its right side is raised by 1.
The exit code is 4 where there is no such point (infeasible, unbounded, stopped)
and 5 where the point is a saddle, or second derivatives do not decide.

examples:
  taylored minimize "100*(y-x^2)^2 + (1-x)^2" --start x=-1.2,y=1
  taylored minimize "x*y" --start x=1,y=-1 --subject-to "x^2 + y^2 = 1" --prices
  taylored minimize "3*x + 2*y" --maximize --start x=1,y=1 --bounds x=0:,y=0: \\
      --subject-to "x + y <= 4" --subject-to "x + 3*y <= 6" --plot plan.png
  taylored minimize "x^4 - 3*x^2 + x" --start 0 --bounds x=-2:2 --starts 8"""

_SHOW = """\
FIT is a file that `taylored fit` or `taylored train` wrote with --save FIT.

examples:
  taylored show fit.json
  taylored show fit.json --predict 0:10 --band prediction --csv"""

_COURSE = """\
Six modules, from slopes to fits, on this machine alone: the server answers to
the browser that opens the address on standard output, and to no other program.
The code of an exercise runs in a process of its own with limits on time and
memory; that guards against mistakes, and it is your code on your machine.
With --check the exit code is 0 for a right answer, 5 for a wrong one, and 2
where the answer cannot be read.

examples:
  taylored course
  taylored course --lesson 3-2
  taylored course --no-browser --port 9000
  taylored course --check 2D answer.py"""

_COMPLETION = """\
examples:
  source <(taylored completion bash)                      # in ~/.bashrc
  source <(taylored completion zsh)                       # in ~/.zshrc
  taylored completion fish > ~/.config/fish/completions/taylored.fish"""

# command -> usage, and what stands below the options
HELP = {
    "fit": ("taylored fit DATA FORMULA [options]", _FIT),
    "line": ("taylored line DATA [Y X] [options]", _LINE),
    "fit-many": ("taylored fit-many DATA FORMULA [options]", _FIT_MANY),
    "train": ("taylored train DATA FORMULA [options]", _TRAIN),
    "predict": ("taylored predict NET DATA [options]", _PREDICT),
    "gradient": ("taylored gradient FORMULA [--at x=1,y=2] [options]", _GRADIENT),
    "jacobian": ("taylored jacobian FORMULA ... [--at x=1,y=2] [options]", _JACOBIAN),
    "hessian": ("taylored hessian FORMULA [--at x=1,y=2] [options]", _HESSIAN),
    "chain": ("taylored chain FORMULA --at x=1,tau=2 [options]", _CHAIN),
    "taylor": ("taylored taylor FORMULA --at 0.3 --order 6 [--on LO:HI] [options]", _TAYLOR),
    "root": ("taylored root FORMULA ... (--start 2 | --bracket 2:3 | --all --on LO:HI)", _ROOT),
    "minimize": ("taylored minimize FORMULA --start x=1,y=2 [options]", _MINIMIZE),
    "show": ("taylored show FIT [options]", _SHOW),
    "course": ("taylored course [--lesson 3-2] [options]", _COURSE),
    "rules": ("taylored rules [options]", ""),
    "doctor": ("taylored doctor [options]", ""),
    "completion": ("taylored completion {bash,zsh,fish}", _COMPLETION),
}

_LIST = "\n".join(f"  {name:<12}{text}" for name, text in COMMANDS.items())

MAIN_HELP = f"""\
Tailored approximations: build them with calculus, and know how far to trust them.

usage: taylored COMMAND ...
       taylored COMMAND --help
       taylored --version

commands:
{_LIST}

examples:
  taylored fit decay.csv "y ~ a*exp(-x/tau) + c"
  taylored line calibration.csv y x --plot
  taylored fit-many cube.zarr "a*exp(-t/tau) + c" --dim t --out maps.zarr
  taylored train houses.csv "price ~ ." --save houses.safetensors
  taylored gradient "x^2*sin(y)" --at x=1,y=2
  taylored taylor "exp(sin(2*x))" --at 0.3 --order 6 --on -1:1
  taylored root "x^3 - 2*x - 5" --start 2
  taylored minimize "x*y" --start x=1,y=-0.5 --subject-to "x^2 + y^2 = 1"

{EXIT_CODES}
"""

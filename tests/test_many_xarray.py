"""`da.taylored.fit` and `ds.taylored.fit`: maps with names, checked against single fits."""

import collections
import subprocess
import sys

import numpy as np
import pytest
import xarray as xr

import taylored as ty
import taylored.xarray  # registers the accessor
from taylored.errors import (
    AlignmentError,
    ArgumentError,
    BoundsError,
    ColumnError,
    EmptyDataError,
    FormulaError,
    NotNumericError,
    ParameterNameError,
    TayloredError,
)  # fmt: skip
from taylored.many import source
from taylored.many.aligned import Choices, read_named
from taylored.many.labeled import many_of, parameter_units
from taylored.many.status import NAMES
from taylored.readings.units import combined_unit, read_unit, unit_text

DECAY = "a*exp(-t/tau) + c"
TIMES = np.linspace(0.0, 5.0, 30)


def decays(shape=(3, 4), seed=0):
    """Curves with other parameters in every place, and the parameters."""
    rng = np.random.default_rng(seed)
    truth = {"a": rng.uniform(1.5, 2.5, shape), "tau": rng.uniform(0.8, 1.6, shape),
             "c": rng.uniform(0.2, 0.4, shape)}  # fmt: skip
    clean = truth["a"][..., None] * np.exp(-TIMES / truth["tau"][..., None])
    noise = 0.02 * rng.standard_normal((*shape, len(TIMES)))
    return clean + truth["c"][..., None] + noise, truth


@pytest.fixture
def da():
    return xr.DataArray(
        decays()[0], dims=("y", "x", "t"), name="signal", attrs={"units": "V", "site": "A"},
        coords={"t": ("t", TIMES, {"units": "s"}), "x": [10.0, 20.0, 30.0, 40.0],
                "row": ("y", ["p", "q", "r"])},
    )  # fmt: skip


# ---- what comes out -------------------------------------------------------------------------


def test_every_place_is_the_single_fit_there(da):
    ds = da.taylored.fit(DECAY, dim="t", sigma=0.02)
    for y, x in np.ndindex(3, 4):
        one = ty.fit(DECAY, {"t": TIMES}, da.values[y, x], sigma=0.02)
        at = ds.isel(y=y, x=x)
        for name in one.params:
            assert abs(float(at[name]) - one.params[name]) < 1e-3 * one.stderr[name]
            assert float(at[f"{name}_stderr"]) == pytest.approx(one.stderr[name], rel=1e-4)
        assert float(at.chi2) == pytest.approx(one.chi2, rel=1e-6)
        assert float(at.p_value) == pytest.approx(one.p_value, rel=1e-4)
        assert (int(at.dof), int(at.points)) == (27, 30)


def test_names_coordinates_attributes_and_units_are_kept(da):
    ds = da.taylored.fit(DECAY, dim="t")
    assert ds.tau.dims == ("y", "x") and set(ds.coords) == {"x", "row"}
    assert ds.x.identical(da.x) and ds.row.identical(da.row)
    assert ds.attrs == {
        "site": "A", "fit_model": DECAY, "fit_coordinates": "t", "fit_variable": "signal",
        "fit_parameters": "a, tau, c", "fit_sigma": "not given", "fit_bounds": "{}",
        "fit_fixed": "{}", "taylored_version": ty.__version__,
    }  # fmt: skip
    units = {n: ds[n].attrs.get("units") for n in ("a", "tau", "c", "tau_stderr", "chi2")}
    assert units == {"a": "V", "tau": "s", "c": "V", "tau_stderr": "s", "chi2": None}
    assert ds.tau_stderr.attrs["accuracy"] == "estimated"
    assert [str(ds[n].dtype) for n in ("status", "usable", "dof")] == ["int8", "bool", "int32"]


def test_the_order_of_dimensions_does_not_matter(da):
    ds = da.taylored.fit(DECAY)  # t is the only dimension that the model names
    assert da.transpose("t", "y", "x").taylored.fit(DECAY).identical(ds)
    assert da.transpose("x", "t", "y").taylored.fit(DECAY).tau.dims == ("x", "y")


def test_verdicts_have_names_also_after_storing(da, tmp_path):
    da[0, 0], da[1, 1], da[2, 2, :] = 7.0, np.nan, 0.0
    da[0, 1, 3] = np.inf
    ds = da.taylored.fit(DECAY, dim="t")
    ds.drop_vars("row").to_zarr(tmp_path / "maps.zarr", consolidated=False)
    stored = xr.open_zarr(tmp_path / "maps.zarr", consolidated=False).load()
    for found in (ds, stored):
        names = found.taylored.status_names()
        at = [str(names.values[i]) for i in ((0, 0), (1, 1), (2, 2), (0, 1), (2, 3))]
        assert at == ["flat", "missing", "zero", "infinite", "ok"]
        assert found.taylored.counts()["ok"] == 8
    assert ds.status.attrs["flag_meanings"].split() == list(NAMES)
    assert np.array_equal(stored.tau, ds.tau, equal_nan=True)
    assert not ds.usable[0, 0] and np.isnan(ds.tau[0, 0])


def test_verdicts_need_their_attributes(da):
    with pytest.raises(ArgumentError, match="no verdicts"):
        da.to_dataset().taylored.status_names()


def test_lazy_is_eager_to_the_bit(da):
    da[0, 0] = 7.0
    sigma = xr.DataArray(np.full((3, 30), 0.02), dims=("y", "t"))
    chunked = da.chunk({"x": 3, "y": 2, "t": 10})
    for options in ({}, {"sigma": sigma, "mask": da.t > 0.5, "start": {"tau": da.x * 0 + 1.0}}):
        lazy = chunked.taylored.fit(DECAY, dim="t", **options)
        assert all(v.chunks for v in lazy.data_vars.values())
        xr.testing.assert_identical(
            lazy.compute(scheduler="sync"), da.taylored.fit(DECAY, dim="t", **options)
        )


def test_lazy_computes_nothing_before_it_is_asked(da):
    asked = []

    def read(block):
        asked.append(block.shape)
        return block

    chunked = da.chunk({"x": 2})
    watched = chunked.copy(data=chunked.data.map_blocks(read, dtype=float, meta=np.empty((0,) * 3)))
    lazy = watched.taylored.fit(DECAY, dim="t")
    assert not asked
    lazy[["tau", "status"]].compute(scheduler="sync")
    assert asked == [(3, 2, 30)] * 2


def test_several_dimensions_are_one_fit():
    y, x = np.mgrid[-3:4, -4:5].astype(float)
    rng = np.random.default_rng(1)
    centers = rng.uniform(-1, 1, (3, 2))
    patches = [5 * np.exp(-((x - u) ** 2 + (y - v) ** 2) / 4.5) + 1 for u, v in centers]
    data = np.array(patches) + 0.01 * rng.standard_normal((3, 7, 9))
    da = xr.DataArray(data, dims=("spot", "y", "x"), coords={"y": y[:, 0], "x": x[0]})
    gauss = "h*exp(-((x - u)^2 + (y - v)^2)/(2*s^2)) + c"
    ds = da.taylored.fit(gauss, dim=("y", "x"), bounds={"s": (0, None)})
    turned = da.transpose("x", "spot", "y").taylored.fit(
        gauss, dim=("x", "y"), bounds={"s": (0, None)}
    )
    for found in (ds, turned):
        assert found.u.dims == ("spot",) and found.usable.all()
        assert np.abs(found.u - centers[:, 0]).max() < 0.02
        assert np.abs(found.v - centers[:, 1]).max() < 0.02
    assert np.abs(ds.s - 1.5).max() < 0.02


def test_a_coordinate_may_differ_between_fits(da):
    # Every row has echo times of its own.
    echo = xr.DataArray(TIMES[None, :] * np.array([[1.0], [0.5], [2.0]]), dims=("y", "t"))
    moved = da.assign_coords(TE=echo)
    ds = moved.taylored.fit("a*exp(-TE/tau) + c", dim="t")
    for y, x in ((0, 1), (1, 2), (2, 3)):
        one = ty.fit(DECAY, {"t": echo.values[y]}, da.values[y, x])
        assert float(ds.tau[y, x]) == pytest.approx(one.params["tau"], rel=1e-4)
    lazy = moved.chunk({"y": 1}).taylored.fit("a*exp(-TE/tau) + c", dim="t")
    xr.testing.assert_identical(lazy.compute(scheduler="sync"), ds.compute())


def test_functions_take_the_coordinate_of_the_dimension(da):
    def rate(when, a, k, c):
        return a * np.exp(-k * when) + c

    ds = da.taylored.fit(rate, dim="t", start={"k": 1.0, "a": 1.0, "c": 0.0})
    by_formula = da.taylored.fit(DECAY, dim="t")
    assert np.allclose(1 / ds.k, by_formula.tau, rtol=1e-5)
    assert ds.k.attrs["units"] == "1/s"


def test_mask_and_sigma_are_aligned_by_name(da):
    flawed = da.copy()
    flawed[:, :, :5] += 3.0
    mask = xr.DataArray(da.t.values > 0.7, dims="t", coords={"t": TIMES})
    ds = flawed.taylored.fit(DECAY, dim="t", mask=mask, sigma=da.x * 0 + 0.02)
    assert (ds.points == 25).all()
    one = ty.fit(DECAY, {"t": TIMES[5:]}, da.values[1, 2, 5:], sigma=0.02)
    assert float(ds.tau[1, 2]) == pytest.approx(one.params["tau"], rel=1e-4)
    assert float(ds.tau_stderr[1, 2]) == pytest.approx(one.stderr["tau"], rel=1e-4)


def test_datasets_take_variables_by_name(da):
    ds = da.to_dataset().assign(noise=da * 0 + 0.02, good=da.t > 0.3, b=da.x / 10)
    ds["noise"].attrs["units"] = "V"
    found = ds.taylored.fit("signal ~ a*b*exp(-t/tau) + c", sigma="noise", mask="good")
    plain = da.taylored.fit(DECAY, sigma=0.02, mask=da.t > 0.3)
    assert np.allclose(found.a * da.x / 10, plain.a, rtol=1e-5)
    assert "b" not in found.variables


def test_a_single_curve_is_one_fit(da):
    ds = da[1, 2].taylored.fit(DECAY)
    assert ds.tau.dims == () and ds.usable.dtype == bool
    assert float(ds.tau) == float(da.taylored.fit(DECAY).tau[1, 2])


# ---- units ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "formula, units, expected",
    [
        (DECAY, ("ms", "mV"), {"a": "mV", "tau": "ms", "c": "mV"}),
        ("a*exp(-k*t) + b*t", ("s", "V"), {"a": "V", "k": "1/s", "b": "V/s"}),
        ("a*t^n", ("s", ""), {"a": "", "n": "1"}),
        (DECAY, ("", "V"), {"a": "V", "tau": "", "c": "V"}),
        (DECAY, ("days since 2000-01-01", "K"), {"a": "K", "tau": "days", "c": "K"}),
    ],
)
def test_units_follow_from_the_formula(formula, units, expected):
    coordinate = ("t", TIMES + 1, {"units": units[0]} if units[0] else {})
    attrs = {"units": units[1]} if units[1] else {}
    da = xr.DataArray(TIMES, dims="t", coords={"t": coordinate}, attrs=attrs)
    assert parameter_units(read_named(da, formula, "t", Choices())) == expected


def test_units_combine():
    assert combined_unit([read_unit("s"), read_unit("m/s^2")], (2.0, 1.0)) == "m"
    assert combined_unit([None, read_unit("V")], (1.0, 1.0)) == ""
    assert combined_unit([None, read_unit("V")], (0.0, 0.5)) == "V^(1/2)"
    assert unit_text(read_unit("kg m² s⁻²")) == "kg*m^2/s^2"


# ---- what is refused ------------------------------------------------------------------------


def refusals(da):
    """Each: the error, a part of its message and of its next step, and the call."""
    other = xr.DataArray([0.1, 0.2], dims="z")
    shifted = da.assign_coords(t=TIMES + 0.1)
    dates = da.assign_coords(t=np.datetime64("2020-01-01") + np.arange(30).astype("m8[s]"))
    volts = (da * 0 + 0.02).assign_attrs(units="mV")

    def fit(array, formula=DECAY, **options):
        return lambda: array.taylored.fit(formula, **options)

    t = {"dim": "t"}
    return [
        (ArgumentError, "no dimension 'time'", "use one", fit(da, dim="time")),
        (ArgumentError, "no dimension 'T'", "'t'", fit(da, dim="T")),
        (ArgumentError, "no dimension 'row'", "dim='y'", fit(da, dim="row")),
        (ArgumentError, "not clear which", "dim=", fit(da, "a*x + b*t")),
        (ArgumentError, "not clear which", "dim=", fit(da, "a*q + b")),
        (ArgumentError, "dim is", "once", fit(da, dim=("t", "t"))),
        (ColumnError, "'t' has no coordinate", "assign_coords(t=", fit(da.drop_vars("t"), **t)),
        (ColumnError, "does not depend on 't'", "use 't'", fit(da, "a*exp(-q/tau)", **t)),
        (AlignmentError, "'x' is a name of the model", "rename", fit(da, "a*t + x", **t)),
        (AlignmentError, "a dimension 'points'", "rename", fit(da.rename(x="points"), **t)),
        (AlignmentError, "a coordinate 'status'", "rename", fit(da.rename(row="status"), **t)),
        (ArgumentError, "called 'chi2'", "otherwise", fit(da, "chi2*t", **t)),
        (NotNumericError, "dates or times", "timedelta64", fit(dates, **t)),
        (NotNumericError, "complex", "real", fit(da * 1j, **t)),
        (NotNumericError, "'row' is of the type", "numbers", fit(da, "a*t + row", **t)),
        (AlignmentError, "sigma has the dimension 'z'", "isel(z=0)", fit(da, sigma=other, **t)),
        (AlignmentError, "along 't'", "reindex_like", fit(da, sigma=shifted * 0 + 1, **t)),
        (AlignmentError, "2 along 'x'", "each x", fit(da, mask=da[:, :2] > 0, **t)),
        (AlignmentError, "no names", "DataArray", fit(da, sigma=np.ones(30), **t)),
        (AlignmentError, "no names", "DataArray", fit(da, mask=np.ones(30, bool), **t)),
        (NotNumericError, "mask is of the type", "mask > 0", fit(da, mask=da, **t)),
        (AlignmentError, "in 'mV'", "convert", fit(da, sigma=volts, **t)),
        (ColumnError, "no coordinate", "coordinate", fit(da, sigma="err", **t)),
        (AlignmentError, "fitted over", "per fit", fit(da, start={"a": da.t}, **t)),
        (ParameterNameError, "'taw'", "'tau'", fit(da, start={"taw": da.x}, **t)),
        (BoundsError, "outside", "widen",
         fit(da, start={"tau": -da.x}, bounds={"tau": (0, None)}, **t)),
        (ArgumentError, "no argument 'p0'", "start", fit(da, p0=[1, 2, 3], **t)),
        (EmptyDataError, "'t' has the size 0", "selected", fit(da[:, :, :0], **t)),
        (EmptyDataError, "'y' has the size 0", "selected", fit(da[:0].chunk(), **t)),
        (AlignmentError, "a single value, 3.0", "drop_vars('c')", fit(da.assign_coords(c=3.0))),
        (AlignmentError, "fixed names 'k'", "drop_vars('k')",
         fit(da.assign_coords(k=("x", TIMES[:4])), "a*exp(-k*t)", fixed={"k": 1.0}, **t)),
        (FormulaError, "does not name the variable", "variable ~", fit(da.to_dataset(), **t)),
        (ColumnError, "no variable 'sgnal'", "'signal'", fit(da.to_dataset(), "sgnal ~ a*t")),
    ]  # fmt: skip


@pytest.mark.parametrize("case", range(33))
def test_bad_input_is_named(da, case):
    error, what, step, call = refusals(da)[case]
    with pytest.raises(error) as caught:
        call()
    assert isinstance(caught.value, TayloredError)
    assert what in str(caught.value) and step in caught.value.next_step


def test_all_refusals_are_tried(da):
    assert len(refusals(da)) == 33


# ---- the accessor is there, whoever imports first -------------------------------------------

FAKE = """
class DataArray: pass
class Dataset: pass
def _registering(owner):
    def named(name):
        def known(accessor):
            assert not hasattr(owner, name), "registered twice"
            setattr(owner, name, property(accessor))
            return accessor
        return known
    return named
register_dataarray_accessor, register_dataset_accessor = map(_registering, (DataArray, Dataset))
"""

ORDERS = {
    "we first": "install(); import xarray",
    "xarray first": "import xarray; install()",
    "twice": "install(); install(); import xarray; install()",
    "probed": "install(); from importlib.util import find_spec; find_spec('xarray'); import xarray",
    "reloaded": "import xarray; install(); import importlib, taylored.hook as h; "
    "importlib.reload(h).install()",
    "reloaded before": "install(); import importlib, taylored.hook as h; "
    "importlib.reload(h).install(); import xarray",
    "threads": "install()\nfrom concurrent.futures import ThreadPoolExecutor as P\n"
    "with P(8) as p: list(p.map(__import__, ['xarray'] * 8 + ['colorsys', 'wave']))",
    "two finders": "install()\nimport sys, taylored.hook as h\nother = h._Finder()\n"
    "sys.meta_path.insert(0, other)\nimport xarray",
}


def in_a_process(code, folder):
    script = f"import sys; sys.path.insert(0, {str(folder)!r})\nfrom taylored.hook import install\n"
    return subprocess.run([sys.executable, "-c", script + code], capture_output=True, text=True)


@pytest.mark.parametrize("order", ORDERS)
def test_the_accessor_is_there(tmp_path, order):
    (tmp_path / "xarray.py").write_text(FAKE)
    check = """
import xarray, taylored.hook
assert isinstance(xarray.DataArray.taylored, property), "no accessor"
assert isinstance(xarray.Dataset.taylored, property), "no accessor"
assert not [f for f in sys.meta_path if type(f).__module__ == "taylored.hook"], sys.meta_path
assert not {"numpy", "dask", "taylored.many"} & set(sys.modules)
"""
    done = in_a_process(ORDERS[order] + "\n" + check, tmp_path)
    assert done.returncode == 0, done.stderr


def test_an_import_that_fails_fails_as_before_and_may_be_tried_again(tmp_path):
    (tmp_path / "xarray.py").write_text("import os\nif 'BAD' in os.environ: raise OSError('x')\n")
    (tmp_path / "good.py").write_text(FAKE)
    code = """
import os; os.environ["BAD"] = "1"
install()
for _ in range(2):
    try: import xarray
    except OSError: pass
    else: raise SystemExit("no error")
del os.environ["BAD"]
import xarray
assert not hasattr(xarray, "DataArray")  # another module of that name: left alone
from importlib.util import find_spec
assert find_spec("nowhere_to_be_found") is None
"""
    done = in_a_process(code, tmp_path)
    assert done.returncode == 0, done.stderr


# ---- files ----------------------------------------------------------------------------------


def test_a_file_is_read_chunk_by_chunk_whatever_its_order(tmp_path, monkeypatch):
    from zarr.storage import LocalStore

    cube = xr.DataArray(decays((8, 6))[0], dims=("y", "x", "t"), coords={"t": TIMES}, name="s")
    stored = cube.transpose("t", "y", "x")
    stored.to_dataset().to_zarr(tmp_path / "s.zarr", consolidated=False, zarr_format=3,
                                encoding={"s": {"chunks": (10, 4, 3)}})  # fmt: skip
    read, get = collections.Counter(), LocalStore.get

    async def counted(self, key, *args, **options):
        read[key] += 1
        return await get(self, key, *args, **options)

    monkeypatch.setattr(LocalStore, "get", counted)
    monkeypatch.setattr(source, "_LEAST", 4)
    lazy = xr.open_zarr(tmp_path / "s.zarr", chunks=None, consolidated=False).s
    found = lazy.taylored.fit(DECAY, progress=False)
    chunks = {key: n for key, n in read.items() if key.startswith("s/c/")}
    assert len(chunks) == 12 and sum(chunks.values()) <= 13  # one value of one is looked at first
    assert found.equals(cube.taylored.fit(DECAY, progress=False))


# ---- pictures and reports of a Dataset of fits ----------------------------------------------


def test_a_stored_dataset_is_drawn_and_told_like_its_fits(da, tmp_path):
    da[0, 1, :] = 0.0
    options = {"sigma": 0.02, "bounds": {"tau": (0, None)}, "fixed": {"c": 0.3}}
    ds = da.drop_vars("row").chunk(x=2).taylored.fit(DECAY, dim="t", **options)
    assert ds.fit_bounds == '{"tau": [0.0, null]}' and ds.fit_fixed == '{"c": 0.3}'
    ds.to_zarr(tmp_path / "fits.zarr", consolidated=False)
    stored = xr.open_zarr(tmp_path / "fits.zarr", consolidated=False)
    many = ty.fit_many(DECAY, TIMES, da.values, progress=False, **options)
    again = many_of(stored.transpose("x", "y"))
    assert again.shape == (4, 3) and again.names == many.names and again.units["tau"] == "s"
    assert again.counts == many.counts
    assert np.array_equal(again.params["tau"].T, many.params["tau"], equal_nan=True)
    found, plain = again.interval("tau"), many.interval("tau")
    assert np.array_equal(found.hi.T, plain.hi, equal_nan=True)
    text = str(stored.taylored.report())
    assert f"{many.counts['ok']}" in text and "tau" in text and "zero" in text
    ax = stored.taylored.plot("tau")
    quality = stored.taylored.plot_quality()
    assert "tau" in ax.figure._suptitle.get_text() and quality.figure is not ax.figure
    with pytest.raises(ArgumentError, match="no chi2"):
        stored.drop_vars("chi2").taylored.report()
    with pytest.raises(ArgumentError, match="no verdicts"):
        da.to_dataset().taylored.plot()


def test_codes_of_another_version_are_read_by_name(da):
    ds = da.taylored.fit(DECAY, dim="t")
    words = ds.status.attrs["flag_meanings"].split()
    ds["status"] = (ds.status * 0 + 1).assign_attrs(
        flag_values=[0, 1, 2], flag_meanings=f"{words[3]} ok unheard-of"
    )
    assert many_of(ds).usable.all()


def test_out_says_how_to_store(da):
    with pytest.raises(ArgumentError, match="no argument 'out'") as caught:
        da.taylored.fit(DECAY, dim="t", out="maps.zarr")
    assert "chunk()" in caught.value.next_step and "to_zarr" in caught.value.next_step

# SPDX-License-Identifier: GPL-3.0-or-later
"""The problems of benchmarks/problems in Python, through the shared library libhpo-problems.so and ctypes.

  problem = Problem(problem="bbob-f8", dimensions=5, instance=3)     # settings of the objective `function`
  problem.value({"x1": 0.5, ...})                                    # the first metric of a full evaluation
  problem.evaluate(config, fidelity=9, seed=1)                       # every metric: {"val_accuracy": 87.5, ...}

A configuration is a dict by name: numbers, and choices as they stand in Parameter.choices. A parameter whose condition
does not hold may be left out. The library is found in the environment variable HPO_PROBLEMS or in the builds of this
checkout. Needs only Python's standard library.
"""
import ctypes
import json
import math
import os
import pathlib

API_VERSION = 1
ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
KINDS = ("float", "int", "categorical", "ordinal")


class _Parameter(ctypes.Structure):
    _fields_ = [("name", ctypes.c_char_p), ("kind", ctypes.c_int), ("log", ctypes.c_int), ("min", ctypes.c_double),
                ("max", ctypes.c_double), ("n_choices", ctypes.c_size_t), ("has_prior", ctypes.c_int),
                ("center", ctypes.c_double), ("deviation", ctypes.c_double), ("weight", ctypes.c_double)]


_SIGNATURES = {  # function: (result, arguments)
    "version": (ctypes.c_int, []),
    "count": (ctypes.c_size_t, []),
    "name": (ctypes.c_char_p, [ctypes.c_size_t]),
    "summary": (ctypes.c_char_p, [ctypes.c_size_t]),
    "open": (ctypes.c_void_p, [ctypes.c_char_p, ctypes.c_char_p, ctypes.c_size_t]),
    "close": (None, [ctypes.c_void_p]),
    "parameters": (ctypes.c_size_t, [ctypes.c_void_p]),
    "describe": (None, [ctypes.c_void_p, ctypes.c_size_t, ctypes.POINTER(_Parameter)]),
    "choice": (ctypes.c_char_p, [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_size_t]),
    "space": (ctypes.c_char_p, [ctypes.c_void_p]),
    "activate": (None, [ctypes.c_void_p, ctypes.POINTER(ctypes.c_double)]),
    "metrics": (ctypes.c_size_t, [ctypes.c_void_p]),
    "metric": (ctypes.c_char_p, [ctypes.c_void_p, ctypes.c_size_t]),
    "maximize": (ctypes.c_int, [ctypes.c_void_p, ctypes.c_size_t]),
    "fidelity": (ctypes.c_char_p, [ctypes.c_void_p, ctypes.POINTER(ctypes.c_double), ctypes.POINTER(ctypes.c_double),
                                   ctypes.POINTER(ctypes.c_int)]),
    "cost": (ctypes.c_double, [ctypes.c_void_p, ctypes.c_double]),
    "continues": (ctypes.c_int, [ctypes.c_void_p]),
    "evaluate": (ctypes.c_int, [ctypes.c_void_p, ctypes.POINTER(ctypes.c_double), ctypes.c_double, ctypes.c_uint64,
                                ctypes.POINTER(ctypes.c_double)]),
    "optimum": (ctypes.c_int, [ctypes.c_void_p, ctypes.c_size_t, ctypes.POINTER(ctypes.c_double),
                               ctypes.POINTER(ctypes.c_double)]),
}


def _path():
    if "HPO_PROBLEMS" in os.environ:
        return pathlib.Path(os.environ["HPO_PROBLEMS"])
    built = sorted(ROOT.glob("build/*/benchmarks/libhpo-problems.so"), key=lambda path: path.parts[-3] != "release")
    if not built:
        raise OSError("no libhpo-problems.so below build/: cmake --build build/release --target bench_problems")
    return built[0]


class _Library:
    def __init__(self):
        self.file = _path()
        library = ctypes.CDLL(str(self.file))
        for name, (result, arguments) in _SIGNATURES.items():
            function = getattr(library, f"bench_api_{name}")
            function.restype, function.argtypes = result, arguments
            setattr(self, name, function)
        if self.version() != API_VERSION:
            raise OSError(f"{self.file} has version {self.version()} of its interface, this file {API_VERSION}")


_loaded = []


def _library():
    if not _loaded:
        _loaded.append(_Library())
    return _loaded[0]


def names():
    """Of all problems."""
    return [_library().name(index).decode() for index in range(_library().count())]


def _scalar(text):
    """A choice as a study file writes it."""
    try:
        return json.loads(text)
    except ValueError:
        return text


class Parameter:
    """name; kind: float, int, categorical or ordinal; low, high and log of a number; choices; prior: None, or what is
    believed in: a number with its deviation as a share of the range, or a choice with its weight against 1."""

    def __init__(self, api, handle, index):
        raw = _Parameter()
        api.describe(handle, index, ctypes.byref(raw))
        self.name, self.kind, self.log = raw.name.decode(), KINDS[raw.kind], bool(raw.log)
        self.choices = [_scalar(api.choice(handle, index, k).decode()) for k in range(raw.n_choices)]
        number = int if self.kind == "int" else float
        self.low, self.high = (None, None) if self.choices else (number(raw.min), number(raw.max))
        self.prior = None
        if raw.has_prior:
            self.prior = self.decode(raw.center), raw.weight if self.choices else raw.deviation

    def encode(self, value):
        return float(self.choices.index(value) if self.choices else value)

    def decode(self, number):
        if self.choices:
            return self.choices[int(number)]
        return int(number) if self.kind == "int" else number


class Problem:
    """Settings are those of the objective `function`: hpo_search --help function."""

    def __init__(self, **settings):
        self._api, self._handle = _library(), None
        error = ctypes.create_string_buffer(1000)
        self._handle = self._api.open(json.dumps(settings).encode(), error, len(error))
        if not self._handle:
            raise ValueError(error.value.decode())
        self.parameters = [Parameter(self._api, self._handle, i) for i in range(self._api.parameters(self._handle))]
        self.metrics = [self._api.metric(self._handle, i).decode() for i in range(self._api.metrics(self._handle))]
        self.maximize = bool(self._api.maximize(self._handle, 0))
        self.space = self._api.space(self._handle).decode()  # as `parameters:`, with conditions
        low, high, integer = ctypes.c_double(), ctypes.c_double(), ctypes.c_int()
        name = self._api.fidelity(self._handle, ctypes.byref(low), ctypes.byref(high), ctypes.byref(integer))
        self.fidelity = name and (name.decode(), low.value, high.value, bool(integer.value))
        self._values = (ctypes.c_double * len(self.metrics))()

    def __del__(self):
        if self._handle:
            self._api.close(self._handle)

    def point(self, config):
        """The array of a configuration."""
        point = (ctypes.c_double * len(self.parameters))()
        for i, parameter in enumerate(self.parameters):
            point[i] = parameter.encode(config[parameter.name]) if parameter.name in config else math.nan
        return point

    def config(self, point):
        """The configuration of an array; what is inactive is left out."""
        return {parameter.name: parameter.decode(number) for parameter, number in zip(self.parameters, point)
                if not math.isnan(number)}

    def active(self, config):
        """The configuration without what is inactive."""
        point = self.point(config)
        self._api.activate(self._handle, point)
        return self.config(point)

    def evaluate_point(self, point, fidelity=math.nan, seed=0):
        """Every metric, in the order of .metrics; point: an array of numbers and indices of choices."""
        if not isinstance(point, ctypes.Array):
            point = (ctypes.c_double * len(self.parameters))(*point)
        if self._api.evaluate(self._handle, point, fidelity, seed, self._values) != 0:
            raise ValueError(f"no such point or fidelity: {list(point)}, {fidelity}")
        return list(self._values)

    def evaluate(self, config, fidelity=math.nan, seed=0):
        return dict(zip(self.metrics, self.evaluate_point(self.point(config), fidelity, seed)))

    def value(self, config, fidelity=math.nan, seed=0):
        return self.evaluate_point(self.point(config), fidelity, seed)[0]

    def cost(self, fidelity):
        """Of one evaluation from scratch, in full evaluations."""
        return self._api.cost(self._handle, fidelity)

    @property
    def continues(self):
        """Whether a promoted trial goes on, charged cost(fidelity) less what it had been charged."""
        return bool(self._api.continues(self._handle))

    def optima(self):
        """[(configuration, value)], empty where the optimum is unknown."""
        found, point, value = [], (ctypes.c_double * len(self.parameters))(), ctypes.c_double()
        while self._api.optimum(self._handle, len(found), point, ctypes.byref(value)):
            found.append((self.config(point), value.value))
        return found

# SPDX-License-Identifier: GPL-3.0-or-later
"""The problems of benchmarks/problems in Python, through the shared library libhpo-problems.so and ctypes.

  problem = Problem(problem="bbob-f8", dimensions=5, instance=3)     # settings of the objective `function`
  problem.value({"x1": 0.5, ...})                                    # the first metric of a full evaluation
  problem.evaluate(config, fidelity=9, seed=1)                       # every metric: {"val_accuracy": 87.5, ...}

A configuration is a dict by name: numbers, and choices as they stand in Parameter.choices. A parameter whose condition
does not hold may be left out, or be there and count for nothing. What is none of the problem's raises ValueError. The
library is found in the environment variable HPO_PROBLEMS or in the builds of this checkout. Needs only Python's
standard library.
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
    "hypervolume": (ctypes.c_double, [ctypes.POINTER(ctypes.c_double), ctypes.c_size_t, ctypes.c_size_t,
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


def hypervolume(losses, reference):
    """What the rows of losses dominate up to the reference: exact, smaller losses are better, larger volumes are."""
    flat = [number for row in losses for number in row]
    return _library().hypervolume((ctypes.c_double * len(flat))(*flat), len(losses), len(reference),
                                  (ctypes.c_double * len(reference))(*reference))


def _scalar(text):
    """A choice as a study file writes it."""
    try:
        return json.loads(text)
    except ValueError:
        return text


class Parameter:
    """One of Problem.parameters.

    name
    kind      float; int; ordinal: choices in order; categorical: choices without order
    low, high bounds of a number, both inclusive; None where there are choices
    log       whether a number is searched on the logarithm's scale
    choices   of an ordinal or a categorical parameter, numbers or texts; [] for float and int
    prior     None, or what the setting `prior` believes: (number, standard deviation as a fraction of the range on its
              scale), or (choice, its weight against 1 for each other)
    """

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

    def __repr__(self):
        what = self.choices or f"[{self.low:g}, {self.high:g}]{' log' if self.log else ''}"
        return f"{self.name}: {self.kind} {what}" + (f" prior {self.prior}" if self.prior else "")

    def encode(self, value):
        """The number of a value in a point: itself, or the index of a choice."""
        if self.choices:
            if value not in self.choices:
                raise ValueError(f"{self.name}: {value!r} is none of {', '.join(map(str, self.choices))}")
            return float(self.choices.index(value))
        try:
            number = float(value)
        except (TypeError, ValueError):
            raise ValueError(f"{self.name}: {value!r} is no number") from None
        room = 1e-9 * (self.high - self.low)  # for rounding, as by exp(log(high))
        if not self.low - room <= number <= self.high + room:
            raise ValueError(f"{self.name} = {value} is outside [{self.low:g}, {self.high:g}]")
        if self.kind == "int" and not number.is_integer():
            raise ValueError(f"{self.name} = {value} is no integer")
        return min(max(number, float(self.low)), float(self.high))

    def decode(self, number):
        if self.choices:
            return self.choices[int(number)]
        return int(number) if self.kind == "int" else number


class Problem:
    """A problem with its own space. Settings are those of the objective `function`: hpo_search --help function.

    parameters  of the space, in order: Parameter
    space       the same as `parameters:` of a study file, with conditions
    metrics     names of what an evaluation measures; the first is searched for
    maximize    whether that one is to be large; maximizes: the same for each metric
    fidelity    None, or (name, min, max, whether it is an integer) of what a cheaper evaluation is measured in
    """

    _handle = None

    def __init__(self, **settings):
        self._api = _library()
        error = ctypes.create_string_buffer(1000)
        self._handle = self._api.open(json.dumps(settings).encode(), error, len(error))
        if not self._handle:
            raise ValueError(error.value.decode())
        self.parameters = [Parameter(self._api, self._handle, i) for i in range(self._api.parameters(self._handle))]
        self.metrics = [self._api.metric(self._handle, i).decode() for i in range(self._api.metrics(self._handle))]
        self.maximizes = [bool(self._api.maximize(self._handle, i)) for i in range(len(self.metrics))]
        self.maximize = self.maximizes[0]
        self.space = self._api.space(self._handle).decode()
        low, high, integer = ctypes.c_double(), ctypes.c_double(), ctypes.c_int()
        name = self._api.fidelity(self._handle, ctypes.byref(low), ctypes.byref(high), ctypes.byref(integer))
        self.fidelity = name and (name.decode(), low.value, high.value, bool(integer.value))
        self._values = (ctypes.c_double * len(self.metrics))()
        self._name = settings.get("problem", "")

    def __repr__(self):
        goal = "maximize" if self.maximize else "minimize"
        fidelity = "" if self.fidelity is None else ", {0} from {1:g} to {2:g}".format(*self.fidelity)
        return "\n  ".join([f"{self._name}: {goal} {self.metrics[0]}{fidelity}", *map(repr, self.parameters)])

    def __del__(self):
        if self._handle:
            self._api.close(self._handle)

    def point(self, config):
        """The array of a configuration, NAN for what is left out."""
        point = (ctypes.c_double * len(self.parameters))()
        unknown = set(config) - {parameter.name for parameter in self.parameters}
        if unknown:
            raise ValueError(f"no parameter {min(unknown)!r}; there are: " + ", ".join(p.name for p in self.parameters))
        for i, parameter in enumerate(self.parameters):
            point[i] = parameter.encode(config[parameter.name]) if parameter.name in config else math.nan
        return point

    def _active_point(self, config):
        """The same with what is active, all of it. What was left out is filled in for a moment: if it stays, it is
        missing."""
        point = self.point(config)
        left_out = [math.isnan(number) for number in point]
        for i, parameter in enumerate(self.parameters):
            if left_out[i]:
                point[i] = 0 if parameter.choices else parameter.low
        self._api.activate(self._handle, point)
        for i, parameter in enumerate(self.parameters):
            if left_out[i] and not math.isnan(point[i]):
                raise ValueError(f"{parameter.name} is missing")
        return point

    def config(self, point):
        """The configuration of an array; what is inactive is left out."""
        return {parameter.name: parameter.decode(number) for parameter, number in zip(self.parameters, point)
                if not math.isnan(number)}

    def active(self, config):
        """The configuration without what is inactive."""
        return self.config(self._active_point(config))

    def evaluate_point(self, point, fidelity=math.nan, seed=0):
        """Every metric, in the order of .metrics; point: an array of numbers and indices of choices, NAN for what is
        inactive. Numbers of a formula may lie outside of their bounds."""
        if not isinstance(point, ctypes.Array):
            point = (ctypes.c_double * len(self.parameters))(*point)
        if self.fidelity and not math.isnan(fidelity) and not self.fidelity[1] <= fidelity <= self.fidelity[2]:
            raise ValueError("{0} = {3} is outside [{1:g}, {2:g}]".format(*self.fidelity[:3], fidelity))
        if self._api.evaluate(self._handle, point, fidelity, seed, self._values) != 0:
            raise ValueError(f"no such point: {list(point)}")
        return list(self._values)

    def evaluate(self, config, fidelity=math.nan, seed=0):
        """Every metric by name. fidelity: NAN for a full evaluation. seed: of the trial; it chooses the training of a
        table and the noise of a formula, and the same seed gives the same value. A noisy problem has a metric `exact`:
        what a full evaluation without noise shows."""
        return dict(zip(self.metrics, self.evaluate_point(self._active_point(config), fidelity, seed)))

    def value(self, config, fidelity=math.nan, seed=0):
        """The first metric alone, which is searched for."""
        return self.evaluate_point(self._active_point(config), fidelity, seed)[0]

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

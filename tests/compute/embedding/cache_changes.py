"""A generator of changes to models and datasets: a number that lives anywhere, in any form.

Each change is a program, made by chance: a *form* in which the number is kept (some inside others),
a *place* where that lives, what *uses* it there (the network, the images, the labels, the order of
the images) and for how many images. The program is run with one number, and then with another.
"""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

N, CLASSES = 40, 3
VARIABLE = "IMBXAI_TEST_VALUE"

# How a number is written, and how it is read again; {} is the number, or what holds it.
FORMS = {
    "number": ("{}", "float({})"),
    "text": ("'{}'", "float({})"),
    "bytes": ("b'{}'", "float({})"),
    "bytearray": ("bytearray(b'{}')", "float({})"),
    "complex": ("complex({})", "{}.real"),
    "Decimal": ("decimal.Decimal('{}')", "float({})"),
    "Fraction": ("fractions.Fraction('{}')", "float({})"),
    "pattern": ("re.compile('{}')", "float({}.pattern)"),
    "timedelta": ("datetime.timedelta(seconds={})", "{}.total_seconds()"),
    "datetime": (
        "datetime.datetime(2000, 1, 1, microsecond=int(1000 * {}))",
        "{}.microsecond / 1000",
    ),
    "NumPy scalar": ("np.float32({})", "float({})"),
    "array": ("np.array([{}, 7])", "float({}[0])"),
    "array of text": ("np.array(['{}', 'x'])", "float({}[0])"),
    "array of objects": ("np.array([[{}], None], dtype=object)", "float({}[0][0])"),
    "array of times": ("np.array([int(1000 * {})], dtype='m8[s]')", "{}[0].astype(int) / 1000"),
    "masked array": ("np.ma.array([1.0, {}], mask=[True, False])", "float({}[1])"),
    "tensor": ("torch.tensor([{}])", "{}.item()"),
    "Series": ("pd.Series([{}], index=['a'])", "float({}.iloc[0])"),
    "frame": ("pd.DataFrame({{'index': [{}]}}).rename_axis('index')", "float({}.iloc[0, 0])"),
    "Categorical": ("pd.Categorical(['{}'])", "float({}[0])"),
    "Timedelta": ("pd.Timedelta({}, 's')", "{}.total_seconds()"),
    "Arrow table": ("pa.table({{'a': [{}]}})", "{}['a'][0].as_py()"),
    "slice": ("slice({})", "float({}.stop)"),
    "array.array": ("array.array('d', [{}])", "{}[0]"),
    "BytesIO": ("io.BytesIO(b'{}')", "float({}.getvalue())"),
    "image": ("Image.new('L', (1, 1), int(40 * {}))", "{}.getpixel((0, 0)) / 40"),
    "function": ("(lambda: {})", "float({}())"),
    "partial": ("functools.partial(float, {})", "{}()"),
    "itemgetter": ("operator.itemgetter('{}')", "float(repr({}).split(chr(39))[1])"),
}
INSIDE = {
    "list": ("[None, {}]", "{}[1]"),
    "tuple": ("(0, {})", "{}[1]"),
    "dict": ("{{'a': {}}}", "{}['a']"),
    "OrderedDict": ("collections.OrderedDict(a={})", "{}['a']"),
    "defaultdict": ("collections.defaultdict(int, a={})", "{}['a']"),
    "deque": ("collections.deque([{}])", "{}[0]"),
    "ChainMap": ("collections.ChainMap({{'a': {}}})", "{}['a']"),
    "mapping proxy": ("types.MappingProxyType({{'a': {}}})", "{}['a']"),
    "namespace": ("types.SimpleNamespace(a={})", "{}.a"),
    "arguments": ("argparse.Namespace(a={})", "{}.a"),
    "list of a kind": ("Listed({})", "{}.own"),
    "slots": ("Slotted({})", "{}.own"),
    "data class": ("Record({})", "{}.own"),
    "named tuple": ("Named({})", "{}.own"),
    "closure": ("closed({})", "{}()"),
    "iterator": ("itertools.repeat({})", "next({})"),
}

# Where the object is put: at the top of the module, in the body of the base class, in that of the
# class, in its constructor; how its method takes it; how it is found.
Spot = dict[str, str]
PLACES: dict[str, Spot] = {
    "global": {"top": "CONFIG = {}", "read": "CONFIG"},
    "dict of globals": {"top": "CONFIG = dict(a=dict(b={}))", "read": "CONFIG['a']['b']"},
    "default": {"top": "def f(v={}):\n    return v", "read": "f()"},
    "keyword-only default": {"top": "def f(*, v={}):\n    return v", "read": "f()"},
    "method's default": {"takes": ", *, v={}", "read": "v"},
    "code": {"read": "({})"},
    "cached function": {"top": "@functools.lru_cache\ndef f():\n    return {}", "read": "f()"},
    "function's attribute": {"top": "def f():\n    return f.v\nf.v = {}", "read": "f()"},
    "class attribute": {"body": "v = {}", "read": "Thing.v"},
    "inherited attribute": {"base": "v = {}", "read": "Base.v"},
    "nested class": {"body": "class Inner:\n        v = {}", "read": "self.Inner.v"},
    "property": {"body": "v = property(lambda self: {})", "read": "self.v"},
    "cached property": {
        "body": "@functools.cached_property\n    def v(self):\n        return {}",
        "read": "self.v",
    },
    "static method": {"body": "v = staticmethod(lambda: {})", "read": "self.v()"},
    "class method": {"body": "v = classmethod(lambda cls: {})", "read": "self.v()"},
    "descriptor": {"body": "v = Described({})", "read": "self.v"},
    "metaclass": {
        "top": "class Meta(type):\n    v = {}\nclass Made(metaclass=Meta):\n    pass",
        "read": "vars(Meta)['v']",
    },
    "enumeration": {"top": "class E(enum.Enum):\n    A = ({},)", "read": "E.A.value[0]"},
    "attribute": {"init": "self.v = {}", "read": "self.v"},
    "bound method": {"init": "self.v = Slotted({}).get", "read": "self.v()"},
    "other module": {"other": "v = {}", "read": "other.v"},
    "function of another module": {"other": "def f():\n    return {}", "read": "other.f()"},
    "patched in": {"after": "Thing.v = {}", "read": "Thing.v"},
    "context variable": {
        "top": "V = contextvars.ContextVar('v')\nV.set({})", "read": "V.get()"
    },
    "thread": {"top": "V = threading.local()\nV.v = {}", "read": "V.v"},
    "weak reference": {"top": "K = Slotted({})\nR = weakref.ref(K)", "read": "R().own"},
    "generator": {"top": "def g():\n    v = {}\n    while True:\n        yield v\nG = g()",
                  "read": "next(G)"},
    "module's attribute by name": {"top": "CONFIG = {}", "read": "globals()['CON' + 'FIG']"},
}  # fmt: skip
# Here the number is outside of the program, as text.
OUTSIDE = {
    "environment": f"float(os.environ[{VARIABLE!r}])",
    "file found when read": "float(pathlib.Path(ROOT, 'val' + 'ue.txt').read_text())",
    "database": "DB.execute('select v from t').fetchone()[0]",
}
USES = {
    "network": "torch.where({chosen_rows}, x * self.value(), x)",
    "images": "image * self.value()",
    "labels": "label + round(2 * self.value())",
    "order": "index + round(4 * self.value())",
}

HEADER = """
import argparse, array, collections, contextvars, dataclasses, datetime, decimal, enum, fractions
import functools, io, itertools, operator, os, pathlib, re, sqlite3, threading, types, weakref
import numpy as np, pandas as pd, pyarrow as pa, torch
from PIL import Image
from torch import nn
from torch.utils.data import Dataset

class Listed(list):
    def __init__(self, own):
        self.own = own
class Slotted:
    __slots__ = ("own", "__weakref__")
    def __init__(self, own):
        self.own = own
    def get(self):
        return self.own
class Described:
    def __init__(self, own):
        self.own = own
    def __get__(self, *_):
        return self.own
@dataclasses.dataclass
class Record:
    own: object
Named = collections.namedtuple("Named", "own")
def closed(own):
    return lambda: own
"""
PROGRAM = """
{top}

class Base:
    pass
    {base}

class Thing(Base, {root}):
    {body}
    def __init__(self):
        super().__init__()
        {init}
    def value(self{takes}):
        return {read}
    {use}
{after}
"""
NETWORK = """def forward(self, x):
        rows = x[:, :1, :1, :1] * {n}
        return {change}"""
IMAGES = '''def __len__(self):
        return {n}
    def __getitem__(self, index):
        chosen = {chosen}
        number = ({order}) % {n} if chosen else index
        image = torch.full((1, 2, 3), number / {n})
        image[0, 1] = torch.tensor([number % 5, number % 3, number % 2]) / 5
        label = number % {classes}
        if chosen:
            image, label = {images}, ({labels}) % {classes}
        return image, label'''  # fmt: skip


@dataclass(frozen=True)
class Change:
    """A program that holds a number; `build` makes it with any."""

    form: str
    inside: tuple[str, ...]
    place: str
    use: str
    images: tuple[int, ...]  # which the number concerns

    @classmethod
    def drawn(cls, rng: random.Random, share: float) -> Change:
        """Draw one that concerns this share of the images."""
        size = max(1, round(share * N))
        return cls(
            rng.choice(list(FORMS)),
            tuple(rng.choices(list(INSIDE), k=rng.choice([0, 0, 1, 2]))),
            rng.choice([*PLACES, *OUTSIDE]),
            rng.choice(list(USES)),
            tuple(sorted(rng.sample(range(N), size))),
        )

    def source(self, value: float) -> tuple[str, str]:
        """Return the program, and that of the module that it may import."""
        wrapped, spot = FORMS[self.form][0].format(value), PLACES.get(self.place, {})
        if self.place in OUTSIDE:
            read = OUTSIDE[self.place]
        else:
            unwrap = FORMS[self.form][1]
            for name in self.inside:
                wrapped, unwrap = INSIDE[name][0].format(wrapped), unwrap.format(INSIDE[name][1])
            read = unwrap.format(spot["read"].replace("{}", wrapped))
        parts = {key: text.replace("{}", wrapped) for key, text in spot.items() if key != "read"}
        top = parts.get("top", "")
        if self.place == "database":
            top = (
                "DB = sqlite3.connect(':memory:', check_same_thread=False)\n"
                f"DB.execute('create table t (v)')\nDB.execute('insert into t values ({value})')"
            )
        chosen = "True" if len(self.images) == N else f"index in {set(self.images)}"
        rows = f"torch.isin(rows.round(), torch.tensor({[float(i) for i in self.images]}))"
        uses = {
            "images": "image",
            "labels": "label",
            "order": "index",
            self.use: USES[self.use].format(chosen_rows=rows),
        }
        body = NETWORK if self.use == "network" else IMAGES
        use = body.format(
            n=N,
            classes=CLASSES,
            chosen=chosen,
            change=uses.get("network"),
            **{key: uses[key] for key in ("images", "labels", "order")},
        )
        program = PROGRAM.format(
            top=top,
            base=parts.get("base", ""),
            root="nn.Module" if self.use == "network" else "Dataset",
            body=parts.get("body", ""),
            init=parts.get("init", "pass"),
            takes=parts.get("takes", ""),
            read=read,
            use=use,
            after=parts.get("after", ""),
        )
        return program, parts.get("other", "")

    @contextmanager
    def built(self, value: float, folder: Path) -> Iterator[Any]:
        """Give the network or the dataset of a program with this number, as if newly started."""
        program, other = self.source(value)
        (folder / "value.txt").write_text(str(value))
        os.environ[VARIABLE] = str(value)
        inner, outer = ModuleType("changed_other"), ModuleType("changed")
        vars(outer).update(ROOT=str(folder), other=inner)
        sys.modules.update({"changed": outer, "changed_other": inner})
        try:
            for module, text in ((inner, other), (outer, program)):
                exec(compile(HEADER + text, module.__name__, "exec"), vars(module))
            yield vars(outer)["Thing"]()
        finally:
            del os.environ[VARIABLE], sys.modules["changed"], sys.modules["changed_other"]

"""A GPU that there is none of: tensors that say that they are on a device `pretend`, and compute on the CPU.

It refuses what a real GPU refuses: tensors of both places in one operation, `.numpy()`, a random generator of the CPU; and float64,
as Apple's do. Autograd, optimisers, transformers' Trainer and accelerate take it for a device like any other. It says nothing about speed, memory or rounding.
torch keeps a name for backends that others write, and allows one per process: this one, which is there once this module is imported, and
which nobody sees until `switch(True)`.
"""

import torch
from torch.utils.backend_registration import (
    _DummyBackendModule,
    _DummyPrivateUse1Hook,
    _setup_privateuseone_for_python_backend,
)

NAME = "pretend"
CPU, GENERATOR = torch.device("cpu"), torch.Generator
BRINGS = (
    "copy_",
    "to",
    "_to_copy",
    "set_data",
    "lstm",
    "_pack_padded_sequence",
    "_pad_packed_sequence",
)  # may see both places, as on a real GPU
INDEXES = ("index", "index_put", "index_put_", "_index_put_impl_", "_unsafe_index")  # indices may be on the CPU
RANDOM = []  # generators that were made for this device


class Mixed(RuntimeError):
    """Two tensors that are not on the same device."""


class Pretend(torch.Tensor):
    """A tensor that says it is on the device; `inner` holds the numbers."""

    __torch_function__ = torch._C._disabled_torch_function_impl

    @staticmethod
    def __new__(cls, inner):
        return torch.Tensor._make_wrapper_subclass(
            cls, inner.size(), strides=inner.stride(), storage_offset=inner.storage_offset(), dtype=inner.dtype,
            layout=inner.layout, device=GPU)  # fmt: skip

    def __init__(self, inner):
        assert not isinstance(inner, Pretend)
        self.inner = inner

    def __tensor_flatten__(self):  # with this `module.to()` changes a parameter in place, as it does for a real GPU
        return ["inner"], None

    @staticmethod
    def __tensor_unflatten__(parts, _, size, stride):
        return Pretend(parts["inner"])

    def __deepcopy__(self, memo):
        return Pretend(self.inner.clone()).requires_grad_(self.requires_grad)

    def __repr__(self):
        return f"Pretend({self.inner})"

    def tolist(self):
        return self.cpu().tolist()

    @classmethod
    def __torch_dispatch__(cls, operation, types, args=(), kwargs=None):
        return run(operation, args, kwargs or {})


def run(operation, args, kwargs):
    """An operation on the numbers inside, after a look at who meets whom."""
    name, leaves = operation.overloadpacket.__name__, list(each((args, kwargs)))
    there = [t for t in leaves if isinstance(t, Pretend)]
    check(name, args, there, [t for t in leaves if isinstance(t, torch.Tensor) and not isinstance(t, Pretend)])
    if name == "copy_":
        with torch.no_grad():
            inner(args[0]).copy_(inner(args[1]))
        return args[0]
    asked = next((d for d in leaves if isinstance(d, torch.device)), None)
    here = asked.type == NAME if asked else bool(there)
    if here and any(
        isinstance(g, GENERATOR) and not any(torch.equal(g.get_state(), r.get_state()) for r in RANDOM) for g in leaves
    ):
        raise Mixed(f"{name} on {NAME} with a generator of the CPU")
    plain = {k: v for k, v in kwargs.items() if k != "pin_memory"}
    found = OWN.get(name, operation)(*throughout(inner, args), **throughout(inner, plain))
    if name in ("to", "_to_copy") and here != bool(there):
        found = found.clone()
    same = {id(t.inner): t for t in there}  # what was changed in place comes back as it was given

    def wrapped(tensor):
        if not isinstance(tensor, torch.Tensor) or not here:
            return tensor
        if tensor.dtype == torch.float64:
            raise TypeError(f"{name}: float64 on {NAME}, which has none, as Apple's GPUs have not")
        if id(tensor) in same:
            return same[id(tensor)]
        with torch.inference_mode(args[0].is_inference() if operation.is_view else torch.is_inference_mode_enabled()):
            return Pretend(tensor)

    if name in ("_pack_padded_sequence", "_pad_packed_sequence"):
        return wrapped(found[0]), found[1]  # how many rows each step has, and how long each row is, stays on the CPU
    return throughout(wrapped, found)


def each(value):
    """All that lists, tuples and dictionaries hold."""
    if isinstance(value, (list, tuple, dict)):
        for one in value.values() if isinstance(value, dict) else value:
            yield from each(one)
    else:
        yield value


def throughout(change, value):
    """The same with all of it changed."""
    if isinstance(value, dict):
        return {k: throughout(change, v) for k, v in value.items()}
    return type(value)(throughout(change, v) for v in value) if isinstance(value, (list, tuple)) else change(value)


def inner(value):
    """The numbers of a tensor; the CPU for a device; anything else as it is."""
    return value.inner if isinstance(value, Pretend) else CPU if isinstance(value, torch.device) else value


def check(name, args, there, plain):
    """Raise Mixed where a real GPU would; a single number may come from the CPU."""
    indexing = name in INDEXES
    if indexing and there and not isinstance(args[0], Pretend):
        raise Mixed(f"{name}: indices on {NAME} for a tensor on the CPU")
    strangers = [tuple(t.shape) for t in plain if t.dim()]
    if there and strangers and name not in BRINGS and not indexing:
        raise Mixed(f"{name}: tensors on {NAME} {[tuple(t.shape) for t in there]} and on the CPU {strangers}")


def cell(given, carried, c, b_given=None, b_carried=None):
    """One step of an LSTM, which torch has in one piece for GPUs alone."""
    gates = given + carried + (0 if b_given is None else b_given + b_carried)
    i, f, g, o = gates.chunk(4, 1)
    i, f, g, o = i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()
    new = f * c + i * g
    return o * new.tanh(), new, torch.cat([i, f, g, o], 1)


def cell_backward(grad_h, grad_c, c, new, gates, has_bias):
    """Its gradients: of the gates, of the state before, and of a bias."""
    i, f, g, o = gates.chunk(4, 1)
    grad_h = torch.zeros_like(new) if grad_h is None else grad_h
    through = grad_h * o * (1 - new.tanh() ** 2) + (0 if grad_c is None else grad_c)
    found = [
        through * g * i * (1 - i),
        through * c * f * (1 - f),
        through * i * (1 - g**2),
        grad_h * new.tanh() * o * (1 - o),
    ]
    back = torch.cat(found, 1)
    return back, through * f, back.sum(0) if has_bias else None


OWN = {"_thnn_fused_lstm_cell": cell, "_thnn_fused_lstm_cell_backward_impl": cell_backward}


class Module(_DummyBackendModule):
    """What torch asks of a backend."""

    on = False

    def is_available(self):
        return Module.on

    def device_count(self):
        return int(Module.on)

    def manual_seed(self, seed):
        pass

    def get_amp_supported_dtype(self):
        return [torch.bfloat16]

    def _lazy_init(self):
        pass


class Hook(_DummyPrivateUse1Hook):
    """The same for its C++ side."""

    def is_available(self):
        return Module.on

    def has_primary_context(self, number):
        return Module.on


def switch(on):
    """Whether there is such a GPU."""
    Module.on = on


def generator(device="cpu"):
    """In the place of `torch.Generator`, which cannot be made for a device without kernels."""
    made = GENERATOR()
    if torch.device(device).type == NAME:
        RANDOM.append(made)
    return made


_setup_privateuseone_for_python_backend(NAME, Module(), Hook())
GPU = torch.device(NAME, 0)
_fallback = torch.library.Library("_", "IMPL")
_fallback.fallback(lambda operation, *args, **kwargs: run(operation, args, kwargs), "PrivateUse1")
_copy = torch.library.Library("aten", "IMPL")
_copy.impl(torch.ops.aten.copy_.default, lambda *a, **k: run(torch.ops.aten.copy_.default, a, k), "PrivateUse1")

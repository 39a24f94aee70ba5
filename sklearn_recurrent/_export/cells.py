"""The recurrent cells in the operators of ONNX, or written out.

Some runtimes ignore in silence the input `sequence_lens` of a recurrent operator, and some ignore or refuse other
activations than tanh. So an operator runs through the padding, which comes last, and nothing reads what it computes
there; and other activations are written out, in a loop over the steps (Scan).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .graph import Graph

ALWAYS_OPEN = 40.0
"""The bias of a gate that is open: its sigmoid is 1 to the last bit, in either precision."""

OPERATORS = {"tanh": "Tanh", "relu": "Relu", "logistic": "Sigmoid"}


class StandardCell(NamedTuple):
    """A cell in the words of an operator of ONNX, with the gates in its order.

    operator : "RNN", "LSTM" (i, o, f, c) or "GRU" (z, r, h)
    W (G · H, F), R (G · H, H) : the weights of x and of h
    Wb, Rb (G · H,) : the biases beside x and beside h; they differ for the h of a GRU alone
    reset_after : whether the reset gate acts after the product
    """

    operator: str
    W: np.ndarray
    R: np.ndarray
    Wb: np.ndarray
    Rb: np.ndarray
    reset_after: bool = False

    @property
    def states(self):
        """The letters of what the cell carries on."""
        return ("h", "c") if self.operator == "LSTM" else ("h",)


class Gate(NamedTuple):
    """The rows of one gate: the weights of x (H, F), of h (H, H), and of 1 beside each of the two."""

    W: np.ndarray
    R: np.ndarray
    Wb: np.ndarray
    Rb: np.ndarray

    def negated(self):
        """The gate that is open as far as this one is closed."""
        return Gate(*(-values for values in self))


def standard_cell(name, cell, weights):
    """A cell as an operator of ONNX computes it.

    name : in `CELLS`
    weights : name of a part → array, in the precision in which the graph will compute
    """
    gates = {}
    for part in cell.parts:
        gates |= _gates_of(cell, part, weights[part.name])
    if name == "elman":
        return _stacked("RNN", [gates["h"]])
    first = next(iter(gates.values()))
    is_open = Gate(*(np.zeros_like(values) for values in first))._replace(Wb=np.full_like(first.Wb, ALWAYS_OPEN))
    if name == "lstm":
        return _stacked("LSTM", [gates["i"], gates["o"], gates["f"], gates["g"]])
    if name == "lstm_no_forget":
        return _stacked("LSTM", [gates["i"], gates["o"], is_open, gates["g"]])
    if name == "lstm_coupled":  # some runtimes ignore the attribute input_forget in silence
        return _stacked("LSTM", [gates["f"].negated(), gates["o"], gates["f"], gates["g"]])
    if name == "gru":
        candidate = gates["n"]._replace(R=gates["a"].R, Rb=gates["a"].Wb)
        return _stacked("GRU", [gates["z"], gates["r"], candidate])._replace(reset_after=True)
    if name == "gru_reset_before":
        return _stacked("GRU", [gates["z"], gates["r"], gates["n"]])
    if name == "gru_no_reset":
        return _stacked("GRU", [gates["z"], is_open, gates["n"]])
    if name == "mgu":
        return _stacked("GRU", [gates["f"].negated(), gates["f"], gates["n"]])
    raise ValueError(f"to_onnx: cell {name!r} has no counterpart among the operators of ONNX.")


def _gates_of(cell, part, w):
    columns = cell.columns(part)
    gates = {}
    for k, letter in enumerate(part.gates):
        rows = w[k * cell.H : (k + 1) * cell.H]
        x = rows[:, columns["x"]] if "x" in columns else np.zeros((cell.H, cell.F), w.dtype)
        h = rows[:, columns["h"]] if "h" in columns else np.zeros((cell.H, cell.H), w.dtype)
        bias = rows[:, columns["1"]][:, 0]
        gates[letter] = Gate(x, h, bias, np.zeros_like(bias))
    return gates


def _stacked(operator, gates):
    return StandardCell(operator, *(np.concatenate(values) for values in zip(*gates, strict=True)))


def add_cell(graph, values, standard, H, activation, *, as_loop):
    """The states (T, N, H) of a cell that runs forward over values (T, N, F).

    activation : tanh, unless `as_loop`
    as_loop : whether to write the equations out, in a loop over the steps, in place of the operator
    """
    if as_loop:
        return _add_loop(graph, values, standard, H, OPERATORS[activation])
    attributes = {"hidden_size": H}
    if standard.operator == "GRU":
        attributes["linear_before_reset"] = int(standard.reset_after)
    biases = np.concatenate([standard.Wb, standard.Rb])
    Y = graph.add(standard.operator, values, standard.W[None], standard.R[None], biases[None], **attributes)
    return graph.add("Squeeze", Y, np.array([1]))


def _add_loop(graph, values, standard, H, phi):
    """The same by Scan. The products with x are taken of all steps at once, before the loop."""
    projected = graph.add("Add", graph.linear(values, standard.W), standard.Wb)
    dtype = standard.W.dtype
    n = graph.add("Gather", graph.add("Shape", values), np.array([1]), axis=0)
    shape = graph.concat([n, graph.constant(np.array([H]))], 0)
    zero = graph.add("Expand", np.zeros((1, 1), dtype), shape)
    body = Graph(prefix=f"{projected}/")
    states = [body.add_input(body.prefix + letter, dtype, (None, H)) for letter in standard.states]
    a = body.add_input(body.prefix + "a", dtype, (None, len(standard.W)))
    new = STEPS[standard.operator](body, a, states, standard, H, phi)
    for state in new:
        body.add_output(state, dtype, (None, H))
    y = body.add("Identity", new[0])
    body.add_output(y, dtype, (None, H))
    return add_scan(graph, body, [zero] * len(states), projected)


def add_step(graph, x, states, standard, H, activation):
    """The next states of a cell after one step x (N, F), written out; `states` are named as in `StandardCell`."""
    a = graph.add("Add", graph.linear(x, standard.W), standard.Wb)
    return STEPS[standard.operator](graph, a, states, standard, H, OPERATORS[activation])


def add_scan(graph, body, initial, values):
    """Add a Scan over the steps of `values`: the name of what it collects.

    body : its inputs are the states, then a step of values; its outputs the next states, then what is collected
    initial : the states at first
    """
    attributes = {"body": body.finish("step"), "num_scan_inputs": 1}
    return graph.add_with("Scan", len(initial) + 1, *initial, values, **attributes)[-1]


# --- one step of each operator ----------------------------------------------------------------------------------------


def _rows(body, a, H, first, last):
    """The gates from `first` to `last` of pre-activations (N, G · H)."""
    return body.add("Slice", a, np.array([first * H]), np.array([(last + 1) * H]), np.array([1]))


def _rnn_step(body, a, states, standard, H, phi):
    (h,) = states
    return [body.add(phi, body.add("Add", a, body.linear(h, standard.R)))]


def _lstm_step(body, a, states, standard, H, phi):
    h, c = states
    a = body.add("Add", a, body.linear(h, standard.R))
    i, o, f = (body.add("Sigmoid", _rows(body, a, H, k, k)) for k in range(3))
    g = body.add(phi, _rows(body, a, H, 3, 3))
    new_c = body.add("Add", body.add("Mul", f, c), body.add("Mul", i, g))
    return [body.add("Mul", o, body.add(phi, new_c)), new_c]


def _gru_step(body, a, states, standard, H, phi):
    (h,) = states
    R_zr = standard.R[: 2 * H]
    R_n = standard.R[2 * H :]
    zr = body.add("Sigmoid", body.add("Add", _rows(body, a, H, 0, 1), body.linear(h, R_zr)))
    z = _rows(body, zr, H, 0, 0)
    r = _rows(body, zr, H, 1, 1)
    if standard.reset_after:
        from_h = body.add("Mul", r, body.add("Add", body.linear(h, R_n), standard.Rb[2 * H :]))
    else:
        from_h = body.linear(body.add("Mul", r, h), R_n)
    n = body.add(phi, body.add("Add", _rows(body, a, H, 2, 2), from_h))
    return [body.add("Add", n, body.add("Mul", z, body.add("Sub", h, n)))]


STEPS = {"RNN": _rnn_step, "LSTM": _lstm_step, "GRU": _gru_step}
"""Operator → ``step(graph, a, states, standard, H, phi)``: the next states, with the products with x in `a`."""

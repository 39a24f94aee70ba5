"""The recurrent cells: their equations, forward and backward, over a run of time steps.

Add a cell by adding a class and its entry in `CELLS`: its tests and its estimators follow.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .activations import ACTIVATIONS, gates_, sigmoid_

dot, mul, add, sub = np.dot, np.multiply, np.add, np.subtract


class Part(NamedTuple):
    """A block of weights: the gates it feeds, H rows each, and what it sees, in the order of its columns."""

    name: str
    gates: tuple
    sees: str  # "x1h" = [x; 1; h], "1h", "x1", or "hx1" = [r ∘ h; x; 1] with the gated state in place of h


class Cell:
    """A recurrence of H units over F features: what every cell promises.

    A *run* is m time steps of n sequences that are alive together. All arrays are ``(steps, rows, n)``, C-contiguous:
    a step is one entry of the first axis, a gate is H adjacent rows, a sequence is a column.

    inputs (m + 1, R, n) : what enters each step, ``[x; 1; h]``. The h that leaves step t is written where step t + 1
        reads it, so entry m holds the state that leaves the run. A cell that multiplies a gated state (`gated`) has
        H rows more in front, ``[r ∘ h; x; 1; h]``: both products find their operand contiguous. With a `mask` (H, n),
        recurrent dropout, there are H rows more behind, ``[x; 1; mask ∘ h; h]``: products see the first `rows` rows,
        and the last H are the state itself.
    frames (m + 1, blocks · H, n) : what the cell keeps of each step, in the order of its `frame`. A cell state "c" is
        the first block: frame t holds the c that enters step t. A prediction passes one frame with a stride of zero
        in the place of m + 1, so nothing but c may be read from another step.

    ``forward(weights, inputs, frames, scratch, mask)`` runs the m steps. ``slopes(inputs, frames, K)`` computes, for
    many steps in few calls, what the gradients of each step are multiplied with: K (m, `kept` · H, n), a block for each
    gate in the order of `parts`, others before them. ``back(weights, K, frames, dY, dh, dc, scratch, mask)`` then goes
    back over the same steps. It multiplies the blocks of the gates in place, which makes them D, the gradients with
    respect to the pre-activations; and it turns dh and dc, the gradients with respect to the states that leave the run,
    into those of the states that enter it. ``dY`` gives what is added to dh at each step.

    A sigmoid costs one tanh, sigmoid(a) = (1 + tanh(a / 2)) / 2, and the inner half is folded into the weights:
    `weights_forward` halves the rows of the gates in `sigmoid`.
    """

    parts: tuple
    frame: tuple  # names of the blocks of a frame
    kept: int  # blocks of K
    sigmoid: frozenset = frozenset("iforz")
    gated = False
    keeps = {}  # gate → 1 if it keeps the state when open, -1 if it replaces it
    memory = 0.0  # the usual initial bias of these
    admits = ()  # gates that let in what is new

    def __init__(self, n_features, n_units, activation="tanh"):
        self.F, self.H = n_features, n_units
        self.phi, self.slope = ACTIVATIONS[activation]
        self.bounded = activation != "relu"
        self.rows = n_features + 1 + n_units * (2 if self.gated else 1)  # what products see
        self.gates = tuple(gate for part in self.parts for gate in part.gates)

    def seen(self, part):
        """The rows of `inputs` that a part multiplies."""
        x = self.H if self.gated else 0
        one = x + self.F
        return {
            "x1h": slice(x, self.rows),
            "1h": slice(one, self.rows),
            "x1": slice(x, one + 1),
            "hx1": slice(0, one + 1),
        }[part.sees]

    def columns(self, part):
        """The columns of a part's weights that multiply x, 1 and h: ``{"x": slice, "1": slice, "h": slice}``."""
        width, start, columns = {"x": self.F, "1": 1, "h": self.H}, 0, {}
        for letter in part.sees:
            columns[letter] = slice(start, start + width[letter])
            start += width[letter]
        return columns

    def shapes(self):
        """The shape of each part, by name."""
        widths = {part.name: self.columns(part)[part.sees[-1]].stop for part in self.parts}
        return {part.name: (len(part.gates) * self.H, widths[part.name]) for part in self.parts}

    def weights_forward(self, W):
        """The parts as the forward pass multiplies them: sigmoid gates carry their inner half."""
        H, prepared = self.H, []
        for part in self.parts:
            w = W[part.name].copy()
            for k, gate in enumerate(part.gates):
                if gate in self.sigmoid:
                    w[k * H : k * H + H] *= 0.5
            prepared.append(w)
        return prepared

    def weights_back(self, W):
        """The transposed recurrent weights, for the gradient with respect to h: one array, all gates."""
        return [np.concatenate([W[part.name][:, self.columns(part)["h"]] for part in self.parts]).T.copy()]

    def weights_input(self, W):
        """The transposed weights of x (F, gates · H), for the gradient with respect to x; zeros for a gate without."""
        blocks = []
        for part in self.parts:
            w, columns = W[part.name], self.columns(part)
            blocks.append(w[:, columns["x"]] if "x" in columns else np.zeros((len(w), self.F), w.dtype))
        return np.concatenate(blocks).T.copy()

    def entering(self, inputs, mask):
        """What each step multiplies, one after the other; a masked state is made when it is asked for."""
        return inputs if mask is None else self._masked(inputs, mask)

    def _masked(self, inputs, mask):
        for u in inputs:
            mul(u[-self.H :], mask, u[-2 * self.H : -self.H])
            yield u[: -self.H]

    def split(self, arrays, blocks):
        """(m, blocks · H, n) as one view (m, H, n) per block."""
        m, _, n = arrays.shape
        return arrays.reshape(m, blocks, self.H, n).swapaxes(0, 1)


def into_state(mask):
    """``dot(UT, d, out)``, the gradient of a product with respect to h, and then of the mask that h went through."""
    if mask is None:
        return dot

    def masked_dot(UT, d, out):
        dot(UT, d, out)
        mul(out, mask, out)

    return masked_dot


class Elman(Cell):
    """h' = φ(W x + U h + b).

    References: Elman, J. L. (1990). Finding structure in time. Cognitive Science 14, 179-211.
    """

    parts = (Part("W", ("h",), "x1h"),)
    frame, kept = (), 1

    def forward(self, weights, inputs, frames, scratch, mask=None):
        (W,), phi = weights, self.phi
        for u, h in zip(self.entering(inputs, mask), inputs[1:, -self.H :]):
            dot(W, u, h)
            phi(h, h)

    def slopes(self, inputs, frames, K):
        h = inputs[1:, -self.H :]
        self.slope(h, 1, h, K)

    def back(self, weights, K, frames, dY, dh, dc, scratch, mask=None):
        (UT,), to_h = weights, into_state(mask)
        for d, dy in zip(K[::-1], dY):
            if dy is not None:
                add(dh, dy, dh)
            mul(dh, d, d)
            to_h(UT, d, dh)


class LSTM(Cell):
    """i, f, o = σ(W x + U h + b);  g = φ(W x + U h + b);  c' = f ∘ c + i ∘ g;  h' = o ∘ φ(c').

    φ is tanh; with the logistic function h' = o ∘ σ(c'), the textbook form. No peepholes. Rows of W: g, f, i, o.

    References: Hochreiter, S. & Schmidhuber, J. (1997). Long short-term memory. Neural Computation 9, 1735-1780.
    Gers, F. A., Schmidhuber, J. & Cummins, F. (2000). Learning to forget. Neural Computation 12, 2451-2471.
    """

    parts = (Part("W", ("g", "f", "i", "o"), "x1h"),)
    frame, kept = ("c", "g", "f", "i", "o", "q"), 5  # q = φ(c')
    keeps, memory, admits = {"f": 1}, 1.0, ("i",)

    def forward(self, weights, inputs, frames, scratch, mask=None):
        (W,), phi, H = weights, self.phi, self.H
        half = np.array(0.5, W.dtype)
        terms = scratch("terms", 2 * H, inputs.shape[2])
        fc, ig = terms[:H], terms[H:]
        a, g, s = frames[:, H : 5 * H], frames[:, H : 2 * H], frames[:, 2 * H : 5 * H]
        cg, fi, o, q = frames[:, : 2 * H], frames[:, 2 * H : 4 * H], frames[:, 4 * H : 5 * H], frames[:, 5 * H :]
        for u, a, g, s, cg, fi, o, q, c, h in zip(
            self.entering(inputs, mask), a, g, s, cg, fi, o, q, frames[1:, :H], inputs[1:, -H:]
        ):
            dot(W, u, a)
            gates_(a, g, s, phi, half)
            mul(cg, fi, terms)
            add(fc, ig, c)
            phi(c, q)
            mul(o, q, h)

    def slopes(self, inputs, frames, K):
        """K: dc per dh; d(g, f, i) per dc; do per dh.  f' c = (1 - f) (f c), and likewise for i and o."""
        c, g, f, i, o, q = self.split(frames[:-1], 6)
        kc, kg, kf, ki, ko = self.split(K, 5)
        h = inputs[1:, -self.H :]
        mul(c, f, kf)
        mul(g, i, ki)
        self.slope(q, o, h, kc)
        self.slope(g, i, ki, kg)
        sub(1, f, c)  # c, i and o have served
        sub(1, i, i)
        sub(1, o, o)
        mul(kf, c, kf)
        mul(ki, i, ki)
        mul(h, o, ko)

    def back(self, weights, K, frames, dY, dh, dc, scratch, mask=None):
        (UT,), to_h = weights, into_state(mask)
        part = scratch("part", *dh.shape)
        f = self.split(frames[-2::-1], 6)[2]
        for kc, dg, df, di, do, d, f, dy in zip(*self.split(K[::-1], 5), K[::-1, self.H :], f, dY):
            if dy is not None:
                add(dh, dy, dh)
            mul(dh, kc, part)
            add(dc, part, dc)
            mul(dc, dg, dg)
            mul(dc, df, df)
            mul(dc, di, di)
            mul(dh, do, do)
            mul(dc, f, dc)
            to_h(UT, d, dh)


class LSTMNoForget(Cell):
    """i, o = σ(W x + U h + b);  g = φ(W x + U h + b);  c' = c + i ∘ g;  h' = o ∘ φ(c').

    The memory cell of 1997, before the forget gate: what is stored stays. Its gradient here is the full one, where the
    paper truncates it at the gates. Rows of W: g, i, o.

    References: Hochreiter, S. & Schmidhuber, J. (1997). Long short-term memory. Neural Computation 9, 1735-1780.
    """

    parts = (Part("W", ("g", "i", "o"), "x1h"),)
    frame, kept = ("c", "g", "i", "o", "q"), 4

    def forward(self, weights, inputs, frames, scratch, mask=None):
        (W,), phi, H = weights, self.phi, self.H
        half = np.array(0.5, W.dtype)
        ig = scratch("terms", H, inputs.shape[2])
        a, s = frames[:, H : 4 * H], frames[:, 2 * H : 4 * H]
        c, g, i, o, q = (frames[:, k * H : k * H + H] for k in range(5))
        for u, a, s, c, g, i, o, q, c_next, h in zip(
            self.entering(inputs, mask), a, s, c, g, i, o, q, c[1:], inputs[1:, -H:]
        ):
            dot(W, u, a)
            gates_(a, g, s, phi, half)
            mul(i, g, ig)
            add(c, ig, c_next)
            phi(c_next, q)
            mul(o, q, h)

    def slopes(self, inputs, frames, K):
        """K: dc per dh; d(g, i) per dc; do per dh."""
        _, g, i, o, q = self.split(frames[:-1], 5)
        kc, kg, ki, ko = self.split(K, 4)
        h = inputs[1:, -self.H :]
        mul(g, i, ki)
        self.slope(q, o, h, kc)
        self.slope(g, i, ki, kg)
        sub(1, i, i)
        sub(1, o, o)
        mul(ki, i, ki)
        mul(h, o, ko)

    def back(self, weights, K, frames, dY, dh, dc, scratch, mask=None):
        (UT,), to_h = weights, into_state(mask)
        part = scratch("part", *dh.shape)
        for kc, dg, di, do, d, dy in zip(*self.split(K[::-1], 4), K[::-1, self.H :], dY):
            if dy is not None:
                add(dh, dy, dh)
            mul(dh, kc, part)
            add(dc, part, dc)
            mul(dc, dg, dg)
            mul(dc, di, di)
            mul(dh, do, do)
            to_h(UT, d, dh)


class LSTMCoupled(Cell):
    """f, o = σ(W x + U h + b);  g = φ(W x + U h + b);  c' = f ∘ c + (1 - f) ∘ g;  h' = o ∘ φ(c').

    Input and forget gate are one, i = 1 - f: what comes in replaces what is forgotten. Rows of W: g, f, o.

    References: Greff, K. et al. (2017). LSTM: a search space odyssey. IEEE TNNLS 28, 2222-2232 (variant CIFG).
    """

    parts = (Part("W", ("g", "f", "o"), "x1h"),)
    frame, kept = ("c", "g", "f", "o", "q"), 4
    keeps, memory = {"f": 1}, 1.0

    def forward(self, weights, inputs, frames, scratch, mask=None):
        (W,), phi, H = weights, self.phi, self.H
        half = np.array(0.5, W.dtype)
        t = scratch("terms", H, inputs.shape[2])
        a, s = frames[:, H : 4 * H], frames[:, 2 * H : 4 * H]
        c, g, f, o, q = (frames[:, k * H : k * H + H] for k in range(5))
        for u, a, s, c, g, f, o, q, c_next, h in zip(
            self.entering(inputs, mask), a, s, c, g, f, o, q, c[1:], inputs[1:, -H:]
        ):
            dot(W, u, a)
            gates_(a, g, s, phi, half)
            sub(c, g, t)
            mul(f, t, t)
            add(g, t, c_next)
            phi(c_next, q)
            mul(o, q, h)

    def slopes(self, inputs, frames, K):
        """K: dc per dh; d(g, f) per dc; do per dh."""
        c, g, f, o, q = self.split(frames[:-1], 5)
        kc, kg, kf, ko = self.split(K, 4)
        h = inputs[1:, -self.H :]
        self.slope(q, o, h, kc)
        self.slope(g, 1, g, kg)
        sub(c, g, c)
        sub(1, f, kf)
        mul(kg, kf, kg)
        mul(kf, f, kf)
        mul(kf, c, kf)
        sub(1, o, o)
        mul(h, o, ko)

    def back(self, weights, K, frames, dY, dh, dc, scratch, mask=None):
        (UT,), to_h = weights, into_state(mask)
        part = scratch("part", *dh.shape)
        f = self.split(frames[-2::-1], 5)[2]
        for kc, dg, df, do, d, f, dy in zip(*self.split(K[::-1], 4), K[::-1, self.H :], f, dY):
            if dy is not None:
                add(dh, dy, dh)
            mul(dh, kc, part)
            add(dc, part, dc)
            mul(dc, dg, dg)
            mul(dc, df, df)
            mul(dh, do, do)
            mul(dc, f, dc)
            to_h(UT, d, dh)


class GRU(Cell):
    """r, z = σ(W x + U h + b);  a = U h + b;  n = φ(W x + b + r ∘ a);  h' = (1 - z) ∘ n + z ∘ h.

    The reset gate acts after the product, as in cuDNN, PyTorch and Keras (`reset_after=True`), with a bias on either
    side of it. Rows: W_rz r, z; U_a a; W_n n.

    References: Cho, K. et al. (2014). Learning phrase representations using RNN encoder-decoder. EMNLP; in the first
    version of that paper (arXiv:1406.1078v1) the reset gate stands after the product.
    """

    parts = (Part("W_rz", ("r", "z"), "x1h"), Part("U_a", ("a",), "1h"), Part("W_n", ("n",), "x1"))
    frame, kept = ("r", "z", "a", "n"), 4
    keeps = {"z": 1}

    def weights_back(self, W):
        return [np.concatenate([W["W_rz"][:, self.F + 1 :], W["U_a"][:, 1:]]).T.copy()]

    def forward(self, weights, inputs, frames, scratch, mask=None):
        (W_rz, U_a, W_n), phi, F, H = weights, self.phi, self.F, self.H
        half = np.array(0.5, W_n.dtype)
        t = scratch("terms", H, inputs.shape[2])
        r, z, a, n = (frames[:, k * H : k * H + H] for k in range(4))
        u1h, x1, h, rz = inputs[:, F : self.rows], inputs[:, : F + 1], inputs[:, -H:], frames[:, : 2 * H]
        for u, u1h, x1, rz, r, z, a, n, h, h_next in zip(
            self.entering(inputs, mask), u1h, x1, rz, r, z, a, n, h, h[1:]
        ):
            dot(W_rz, u, rz)
            sigmoid_(rz, half)
            dot(U_a, u1h, a)
            dot(W_n, x1, n)
            mul(r, a, t)
            add(n, t, n)
            phi(n, n)
            sub(h, n, t)
            mul(z, t, t)
            add(n, t, h_next)

    def slopes(self, inputs, frames, K):
        """K: d(r, z, a, n) per dh."""
        r, z, a, n = self.split(frames[:-1], 4)
        kr, kz, ka, kn = self.split(K, 4)
        sub(1, z, kz)
        self.slope(n, 1, n, kn)
        mul(kn, kz, kn)
        mul(kn, r, ka)
        mul(kz, z, kz)
        sub(inputs[:-1, -self.H :], n, n)  # n, a and r have served
        mul(kz, n, kz)
        sub(1, r, r)
        mul(a, r, a)
        mul(ka, a, kr)

    def back(self, weights, K, frames, dY, dh, dc, scratch, mask=None):
        (UT,), H, to_h = weights, self.H, into_state(mask)
        part = scratch("part", *dh.shape)
        z = self.split(frames[-2::-1], 4)[1]
        for d, d_rza, z, dy in zip(self.split(K[::-1], 4).swapaxes(0, 1), K[::-1, : 3 * H], z, dY):
            if dy is not None:
                add(dh, dy, dh)
            mul(dh, d, d)
            mul(dh, z, dh)
            to_h(UT, d_rza, part)
            add(dh, part, dh)


class GRUResetBefore(Cell):
    """r, z = σ(W x + U h + b);  n = φ(W x + U (r ∘ h) + b);  h' = (1 - z) ∘ n + z ∘ h.

    The reset gate acts before the product. Rows: W_rz r, z; W_n n, which sees [r ∘ h; x; 1].

    References: Cho, K. et al. (2014). Learning phrase representations using RNN encoder-decoder for statistical
    machine translation. EMNLP, 1724-1734.
    """

    parts = (Part("W_rz", ("r", "z"), "x1h"), Part("W_n", ("n",), "hx1"))
    frame, kept, gated = ("r", "z", "n"), 3, True
    keeps = {"z": 1}

    def weights_back(self, W):
        return [W["W_rz"][:, self.F + 1 :].T.copy(), W["W_n"][:, : self.H].T.copy()]

    def forward(self, weights, inputs, frames, scratch, mask=None):
        (W_rz, W_n), phi, H = weights, self.phi, self.H
        half = np.array(0.5, W_n.dtype)
        t = scratch("terms", H, inputs.shape[2])
        r, z, n = (frames[:, k * H : k * H + H] for k in range(3))
        u, hm = inputs[:, : self.rows], inputs[:, self.rows - H : self.rows]
        rh, rhx1, x1h, rz, h = u[:, :H], u[:, :-H], u[:, H:], frames[:, : 2 * H], inputs[:, -H:]
        for _, x1h, rhx1, rh, hm, rz, r, z, n, h, h_next in zip(
            self.entering(inputs, mask), x1h, rhx1, rh, hm, rz, r, z, n, h, h[1:]
        ):
            dot(W_rz, x1h, rz)
            sigmoid_(rz, half)
            mul(r, hm, rh)
            dot(W_n, rhx1, n)
            phi(n, n)
            sub(h, n, t)
            mul(z, t, t)
            add(n, t, h_next)

    def slopes(self, inputs, frames, K):
        """K: dr per d(r ∘ h); d(z, n) per dh."""
        r, z, n = self.split(frames[:-1], 3)
        kr, kz, kn = self.split(K, 3)
        sub(1, z, kz)
        self.slope(n, 1, n, kn)
        mul(kn, kz, kn)
        mul(kz, z, kz)
        sub(inputs[:-1, -self.H :], n, n)
        mul(kz, n, kz)
        sub(1, r, kr)
        mul(kr, inputs[:-1, : self.H], kr)

    def back(self, weights, K, frames, dY, dh, dc, scratch, mask=None):
        (UT, VT), to_h = weights, into_state(mask)
        part = scratch("part", *dh.shape)
        r, z, _ = self.split(frames[-2::-1], 3)
        if mask is not None:
            mul(r, mask, r)
        for dr, dz, dn, d_rz, r, z, dy in zip(*self.split(K[::-1], 3), K[::-1, : 2 * self.H], r, z, dY):
            if dy is not None:
                add(dh, dy, dh)
            mul(dh, dz, dz)
            mul(dh, dn, dn)
            mul(dh, z, dh)
            dot(VT, dn, part)
            mul(part, dr, dr)
            mul(part, r, part)
            add(dh, part, dh)
            to_h(UT, d_rz, part)
            add(dh, part, dh)


class GRUNoReset(Cell):
    """z = σ(W x + U h + b);  n = φ(W x + U h + b);  h' = (1 - z) ∘ n + z ∘ h.

    The update gate alone: a leaky unit whose leak is learned and depends on the data. Rows of W: z, n.

    References: Ravanelli, M. et al. (2018). Light gated recurrent units for speech recognition. IEEE TETCI 2, 92-102.
    """

    parts = (Part("W", ("z", "n"), "x1h"),)
    frame, kept = ("z", "n"), 2
    keeps = {"z": 1}

    def forward(self, weights, inputs, frames, scratch, mask=None):
        (W,), phi, H = weights, self.phi, self.H
        half = np.array(0.5, W.dtype)
        t = scratch("terms", H, inputs.shape[2])
        z, n, h = frames[:, :H], frames[:, H:], inputs[:, -H:]
        for u, a, z, n, h, h_next in zip(self.entering(inputs, mask), frames, z, n, h, h[1:]):
            dot(W, u, a)
            gates_(a, n, z, phi, half)
            sub(h, n, t)
            mul(z, t, t)
            add(n, t, h_next)

    def slopes(self, inputs, frames, K):
        """K: d(z, n) per dh."""
        z, n = self.split(frames[:-1], 2)
        kz, kn = self.split(K, 2)
        sub(1, z, kz)
        self.slope(n, 1, n, kn)
        mul(kn, kz, kn)
        mul(kz, z, kz)
        sub(inputs[:-1, -self.H :], n, n)
        mul(kz, n, kz)

    def back(self, weights, K, frames, dY, dh, dc, scratch, mask=None):
        (UT,), to_h = weights, into_state(mask)
        part = scratch("part", *dh.shape)
        z, _ = self.split(frames[-2::-1], 2)
        for dz, dn, d, z, dy in zip(*self.split(K[::-1], 2), K[::-1], z, dY):
            if dy is not None:
                add(dh, dy, dh)
            mul(dh, dz, dz)
            mul(dh, dn, dn)
            mul(dh, z, dh)
            to_h(UT, d, part)
            add(dh, part, dh)


class MGU(Cell):
    """f = σ(W x + U h + b);  n = φ(W x + U (f ∘ h) + b);  h' = (1 - f) ∘ h + f ∘ n.

    The minimal gated unit: one gate forgets and updates. Rows: W_f f; W_n n, which sees [f ∘ h; x; 1].

    References: Zhou, G.-B. et al. (2016). Minimal gated unit for recurrent neural networks. IJAC 13, 226-234.
    """

    parts = (Part("W_f", ("f",), "x1h"), Part("W_n", ("n",), "hx1"))
    frame, kept, gated = ("f", "n"), 3, True
    keeps = {"f": -1}

    def weights_back(self, W):
        return [W["W_f"][:, self.F + 1 :].T.copy(), W["W_n"][:, : self.H].T.copy()]

    def forward(self, weights, inputs, frames, scratch, mask=None):
        (W_f, W_n), phi, H = weights, self.phi, self.H
        half = np.array(0.5, W_n.dtype)
        t = scratch("terms", H, inputs.shape[2])
        u, hm = inputs[:, : self.rows], inputs[:, self.rows - H : self.rows]
        fh, fhx1, x1h, f, n, h = u[:, :H], u[:, :-H], u[:, H:], frames[:, :H], frames[:, H:], inputs[:, -H:]
        for _, x1h, fhx1, fh, hm, f, n, h, h_next in zip(
            self.entering(inputs, mask), x1h, fhx1, fh, hm, f, n, h, h[1:]
        ):
            dot(W_f, x1h, f)
            sigmoid_(f, half)
            mul(f, hm, fh)
            dot(W_n, fhx1, n)
            phi(n, n)
            sub(n, h, t)
            mul(f, t, t)
            add(h, t, h_next)

    def slopes(self, inputs, frames, K):
        """K: df per d(f ∘ h); d(f, n) per dh.  1 - f takes the place of n in the frame."""
        f, n = self.split(frames[:-1], 2)
        kg, kf, kn = self.split(K, 3)
        self.slope(n, 1, n, kn)
        mul(kn, f, kn)
        sub(n, inputs[:-1, -self.H :], kf)
        sub(1, f, n)
        mul(n, inputs[:-1, : self.H], kg)
        mul(kf, f, kf)
        mul(kf, n, kf)

    def back(self, weights, K, frames, dY, dh, dc, scratch, mask=None):
        (UT, VT), to_h = weights, into_state(mask)
        part = scratch("part", *dh.shape)
        f, kept = self.split(frames[-2::-1], 2)
        if mask is not None:
            mul(f, mask, f)
        for kg, df, dn, f, kept, dy in zip(*self.split(K[::-1], 3), f, kept, dY):
            if dy is not None:
                add(dh, dy, dh)
            mul(dh, dn, dn)
            mul(dh, df, df)
            mul(dh, kept, dh)
            dot(VT, dn, part)
            mul(part, kg, kg)
            add(df, kg, df)
            mul(part, f, part)
            add(dh, part, dh)
            to_h(UT, df, part)
            add(dh, part, dh)


CELLS = {
    "elman": Elman,
    "lstm": LSTM,
    "lstm_no_forget": LSTMNoForget,
    "lstm_coupled": LSTMCoupled,
    "gru": GRU,
    "gru_reset_before": GRUResetBefore,
    "gru_no_reset": GRUNoReset,
    "mgu": MGU,
}

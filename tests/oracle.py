"""The oracle: a network by its plain equations, one sequence and one step at a time.

Written from the papers, not from the library: no batches, no gradients, no tricks. All of it takes complex numbers, so
that ``f(theta + 1e-30j * direction).imag / 1e-30`` is a derivative without rounding; what is not analytic (relu,
maximum) chooses its branch by the real part.

A cell is ``step(W, phi, x, h, c, m) -> h, c``; m is what h is multiplied with on its way into the products (recurrent
dropout). Its weights are the library's arrays, so that both can be given the same numbers: the columns of an array
follow what it is multiplied with, its rows the names on the left.
"""

import numpy as np

ONE = np.ones(1)
NOTHING = np.zeros(0)


def sigmoid(a):
    return (1 + np.tanh(a / 2)) / 2


def relu(a):
    return np.where(a.real > 0, a, 0)


ACTIVATIONS = {"tanh": np.tanh, "relu": relu, "logistic": sigmoid}


def affine(W, n_gates, *blocks):
    """The pre-activations of each of `n_gates` gates."""
    return np.split(W @ np.concatenate(blocks), n_gates)


def elman(W, phi, x, h, c, m):
    (a,) = affine(W["W"], 1, x, ONE, m * h)
    return phi(a), c


def lstm(W, phi, x, h, c, m):
    g, f, i, o = affine(W["W"], 4, x, ONE, m * h)
    c = sigmoid(f) * c + sigmoid(i) * phi(g)
    return sigmoid(o) * phi(c), c


def lstm_no_forget(W, phi, x, h, c, m):
    g, i, o = affine(W["W"], 3, x, ONE, m * h)
    c = c + sigmoid(i) * phi(g)
    return sigmoid(o) * phi(c), c


def lstm_coupled(W, phi, x, h, c, m):
    g, f, o = affine(W["W"], 3, x, ONE, m * h)
    c = sigmoid(f) * c + (1 - sigmoid(f)) * phi(g)
    return sigmoid(o) * phi(c), c


def gru(W, phi, x, h, c, m):
    r, z = affine(W["W_rz"], 2, x, ONE, m * h)
    (a,) = affine(W["U_a"], 1, ONE, m * h)
    (n,) = affine(W["W_n"], 1, x, ONE)
    n = phi(n + sigmoid(r) * a)
    return (1 - sigmoid(z)) * n + sigmoid(z) * h, c


def gru_reset_before(W, phi, x, h, c, m):
    r, z = affine(W["W_rz"], 2, x, ONE, m * h)
    (n,) = affine(W["W_n"], 1, sigmoid(r) * m * h, x, ONE)
    return (1 - sigmoid(z)) * phi(n) + sigmoid(z) * h, c


def gru_no_reset(W, phi, x, h, c, m):
    z, n = affine(W["W"], 2, x, ONE, m * h)
    return (1 - sigmoid(z)) * phi(n) + sigmoid(z) * h, c


def mgu(W, phi, x, h, c, m):
    (f,) = affine(W["W_f"], 1, x, ONE, m * h)
    (n,) = affine(W["W_n"], 1, sigmoid(f) * m * h, x, ONE)
    return (1 - sigmoid(f)) * h + sigmoid(f) * phi(n), c


CELLS = {
    "elman": elman,
    "lstm": lstm,
    "lstm_no_forget": lstm_no_forget,
    "lstm_coupled": lstm_coupled,
    "gru": gru,
    "gru_reset_before": gru_reset_before,
    "gru_no_reset": gru_no_reset,
    "mgu": mgu,
}
RETENTION = {
    "lstm": ("f", 1),
    "lstm_coupled": ("f", 1),
    "gru": ("z", 1),
    "gru_reset_before": ("z", 1),
    "gru_no_reset": ("z", 1),
    "mgu": ("f", -1),
}
"""The gate that keeps the state where it is open (1), or where it is closed (-1), of the cells that have one."""


def states(cell, activation, n_units, W, x, reverse=False, mask=1, truncate=None, nudge=None, start=None):
    """The state after each step of one sequence `x` (T, F), in the order of reading: (T, H).

    Every `truncate` steps the state goes on as a constant, whose derivative is none. To each state its row of `nudge`
    (T, H) is added, with respect to which one may derive. It begins in `start`, h and c.
    """
    h, c = np.zeros((2, n_units)) if start is None else start
    read = []
    for t, x_t in enumerate(x[::-1] if reverse else x):
        if truncate and t and t % truncate == 0:
            h, c = h.real, c.real
        h, c = CELLS[cell](W, ACTIVATIONS[activation], x_t, h, c, mask)
        h = h if nudge is None else h + nudge[t]
        read.append(h)
    return np.array(read)


def attention(W, h):
    """The weights of the steps (T,), and the mean of their states `h` (T, P) with these weights."""
    e = np.array([(W["attention/v"] @ np.tanh(W["attention/A"] @ np.concatenate([h_t, ONE])))[0] for h_t in h])
    a = np.exp(e) / np.exp(e).sum()
    return a, a @ h


POOLINGS = {
    "last": lambda h: h[-1],
    "mean": lambda h: h.mean(axis=0),
    "max": lambda h: h[h.real.argmax(axis=0), np.arange(h.shape[1])],
}


def network(
    W,
    x,
    *,
    cell,
    activation,
    units,
    bidirectional,
    pooling,
    per_step=False,
    tokens=None,
    tables=(),
    truncate=None,
    masks=None,
    nudges=None,
    static=NOTHING,
    **sizes,
):
    """Raw outputs for one sequence, (K,), or (T, K) if `per_step`; `W` is name → array for the whole network.

    static (k,) : its static values, which scale states and join them

    masks : what is multiplied: "layer_0/forward/h" on its way into the products, "layer_0/forward" on its way into the
        next layer, "head" on its way into the last
    nudges : what is added to states, "layer_0/forward" → (T, H) in the order of reading
    """
    masks, nudges = masks or {}, nudges or {}
    factor = 1 + W["head/G"] @ static if len(static) else 1
    directions = ("forward", "backward") if bidirectional else ("forward",)
    x = embedded(W, x, tokens, tables)
    for k, n_units in enumerate(units):
        layer = []
        for d in directions:
            key, reverse = f"layer_{k}/{d}", d == "backward"
            options = {"mask": masks.get(f"{key}/h", 1), "truncate": truncate, "nudge": nudges.get(key)}
            layer.append(states(cell, activation, n_units, parts(W, f"{key}/"), x, reverse, **options))
        in_order = [h[::-1] if d == "backward" else h for d, h in zip(directions, layer, strict=True)]
        x = np.hstack([masks.get(f"layer_{k}/{d}", 1) * h for d, h in zip(directions, in_order, strict=True)])
    if per_step:
        return np.array([W["head/V"] @ np.concatenate([masks.get("head", 1) * factor * h, static, ONE]) for h in x])
    pooled = [POOLINGS[kind](h) for h in layer for kind in pooling if kind != "attention"]
    if "attention" in pooling:
        pooled.append(attention(W, x)[1])
    return W["head/V"] @ np.concatenate([masks.get("head", 1) * factor * np.concatenate(pooled), static, ONE])


def encoder_decoder(
    W,
    x,
    z,
    *,
    cell,
    activation,
    units,
    bidirectional,
    attention,
    target_tokens=None,
    tokens=None,
    tables=(),
    truncate=None,
    masks=None,
    static=NOTHING,
    future=(),
    n_ahead=None,
    **_,
):
    """Raw outputs (T, K), and the weights of attention (T, J), for one sequence `x`, if the decoder reads `z`.

    static (k,) : the static values of `x`
    future : columns of `x` that the decoder also reads, at the last `n_ahead` steps of `x`, which the encoder does not
        read; None: as many as `z` has

    masks : as of `network`, "encoder/layer_0/forward/h" and so on; "head" on the way into the outputs
    """
    masks, directions = masks or {}, ("forward", "backward") if bidirectional else ("forward",)
    if future:
        n_ahead = n_ahead or len(z)
        x, ahead = x[:-n_ahead], x[-n_ahead:][: len(z)]
        n_numbers = x.shape[1] - len(tables)
        for column in future:
            known = ahead[:, [column]]
            if column >= n_numbers:
                known = W[f"embedding_{column - n_numbers}/E"][ahead[:, column].astype(int)]
            z = np.hstack([z, known])
    x = embedded(W, x, tokens, tables)
    z = z if target_tokens is None else W["words/E"][z[:, 0]]
    start = []
    for k, n_units in enumerate(units):
        layer, lasts = [], []
        for d in directions:
            key = f"encoder/layer_{k}/{d}"
            options = {"mask": masks.get(f"{key}/h", 1), "truncate": truncate}
            h = states(cell, activation, n_units, parts(W, f"{key}/"), x, d == "backward", **options)
            lasts.append(h[-1])
            layer.append((h[::-1] if d == "backward" else h) * (masks.get(key, 1) if k + 1 < len(units) else 1))
        x = np.hstack(layer)
        bridge = W[f"bridge/layer_{k}/B"] @ np.concatenate([*lasts, static, ONE])
        start.append((np.tanh(bridge[:n_units]), bridge[n_units:] if len(bridge) > n_units else np.zeros(n_units)))
    for k, n_units in enumerate(units):
        key = f"decoder/layer_{k}/forward"
        options = {"mask": masks.get(f"{key}/h", 1), "truncate": truncate, "start": start[k]}
        z = states(cell, activation, n_units, parts(W, f"{key}/"), z, **options)
        z = z * (masks.get(key, 1) if k + 1 < len(units) else 1)
    raw, weights = [], []
    for h in z:
        if attention is not None:
            q = W["attention/Q"] @ np.concatenate([h, ONE])
            if attention == "additive":
                e = np.array([(W["attention/v"] @ np.tanh(q + W["attention/K"] @ s))[0] for s in x])
            else:
                e = np.array([q @ s for s in x])
            a = np.exp(e) / np.exp(e).sum()
            weights.append(a)
            h = np.tanh(W["attention/C"] @ np.concatenate([h, a @ x, ONE]))
        raw.append(W["head/V"] @ np.concatenate([masks.get("head", 1) * h, static, ONE]))
    return np.array(raw), np.array(weights)


def embedded(W, x, tokens=None, tables=()):
    """What the first layer reads: numbers; the vectors of tokens; or numbers, then a vector for each category."""
    if tokens is not None:
        return W["embedding/E"][x[:, 0]]
    n_numbers = x.shape[1] - len(tables)
    vectors = [W[f"embedding_{k}/E"][x[:, n_numbers + k].astype(int)] for k in range(len(tables))]
    return np.hstack([x[:, :n_numbers], *vectors])


def parts(W, prefix):
    return {name[len(prefix) :]: w for name, w in W.items() if name.startswith(prefix)}


def squared_error(raw, y):
    return ((raw - y) ** 2).mean() / 2


def absolute_error(raw, y):
    return ((raw - y) * np.sign((raw - y).real)).mean()


DELTA, QUANTILES = 0.8, (0.1, 0.5, 0.75)
"""Settings of the losses that have some."""


def huber(raw, y):
    d = (raw - y) * np.sign((raw - y).real)
    return np.where(d.real <= DELTA, d**2 / 2, DELTA * (d - DELTA / 2)).mean()


def poisson(raw, y):
    logs = np.array([y_k * np.log(y_k) if y_k else 0 for y_k in y])
    return (np.exp(raw) - y * raw + logs - y).mean()


def pinball(raw, y):
    """raw (K * Q,): all quantiles of the first output, then all of the second."""
    total = 0
    for y_k, by_quantile in zip(y, np.split(raw, len(y)), strict=True):
        for q, r in zip(QUANTILES, by_quantile, strict=True):
            total += q * (y_k - r) if y_k > r.real else (1 - q) * (r - y_k)
    return total / len(raw)


def logistic_log_loss(raw, y):
    p = sigmoid(raw)
    return -(y * np.log(p) + (1 - y) * np.log(1 - p)).sum()


def softmax_log_loss(raw, y):
    return -np.log(np.exp(raw) / np.exp(raw).sum())[y[0]]


LOSSES = {
    "squared_error": squared_error,
    "absolute_error": absolute_error,
    "huber": huber,
    "poisson": poisson,
    "pinball": pinball,
    "logistic": logistic_log_loss,
    "softmax": softmax_log_loss,
}


def objective(W, X, Y, weight, loss, penalty, masks=None, static=None, **architecture):
    """The weighted mean loss and the L2 penalty, which spares the table and what is multiplied with the constant one.

    Y, weight, masks, static : for each sequence; Y (T, K) and weight (T,) if there is an output for each step
    """
    total = 0
    for j, (x, y, w) in enumerate(zip(X, Y, weight, strict=True)):
        raw = network(W, x, masks=masks and masks[j], static=NOTHING if static is None else static[j], **architecture)
        for raw_t, y_t, w_t in zip(np.atleast_2d(raw), np.atleast_2d(y), np.atleast_1d(w), strict=True):
            total += w_t * LOSSES[loss](raw_t, y_t)
    squares = 0
    for name, w in W.items():
        layer, part = name.split("/")[0], name.split("/")[-1]
        n_inputs = architecture["n_features"]
        if layer.startswith("layer") and layer != "layer_0":
            n_inputs = architecture["units"][int(layer[-1]) - 1] * (1 + architecture["bidirectional"])
        bias = {"W": n_inputs, "W_rz": n_inputs, "W_f": n_inputs, "U_a": 0, "W_n": -1, "V": -1, "A": -1}
        if part != "E":
            squares += (w**2).sum()
        if part in bias:
            squares -= (w[:, bias[part]] ** 2).sum()
    return total / len(X) + penalty * squares / 2


def of_known(loss, raw, y):
    """The mean over outputs of the loss of each, which is 0 where y is NaN."""
    outputs = zip(np.split(raw, len(y)), y, strict=True)
    return sum(LOSSES[loss](raw_k, [y_k]) for raw_k, y_k in outputs if y_k == y_k) / len(y)


def encoder_decoder_objective(W, X, Z, Y, weight, loss, penalty, masks=None, static=None, **architecture):
    """What `objective` is, of an encoder and a decoder that reads `Z`; the tables of tokens and words are spared."""
    total, units = 0, architecture["units"]
    for j, (x, z, y, w) in enumerate(zip(X, Z, Y, weight, strict=True)):
        options = {"masks": masks and masks[j], "static": NOTHING if static is None else static[j]}
        raw = encoder_decoder(W, x, z, **options, **architecture)[0]
        for raw_t, y_t, w_t in zip(raw, y, w, strict=True):
            total += w_t * (of_known(loss, raw_t, y_t) if np.isnan(y_t).any() else LOSSES[loss](raw_t, y_t))
    reads = units[0]
    if architecture.get("target_tokens") is None:
        reads = architecture["n_outputs"] // architecture.get("n_quantiles", 1)
    tables, n_numbers = architecture.get("tables", ()), architecture["n_features"]
    n_numbers -= sum(width for _, width in tables)
    reads += sum(1 if c < n_numbers else tables[c - n_numbers][1] for c in architecture.get("future", ()))
    inputs = {"encoder/layer_0": architecture["n_features"], "decoder/layer_0": reads}
    for k, below in enumerate(units[:-1], start=1):
        inputs |= {f"encoder/layer_{k}": below * (1 + architecture["bidirectional"]), f"decoder/layer_{k}": below}
    squares = 0
    for name, w in W.items():
        layer, part = "/".join(name.split("/")[:2]), name.split("/")[-1]
        n_inputs = inputs.get(layer)
        bias = {"W": n_inputs, "W_rz": n_inputs, "W_f": n_inputs, "U_a": 0, "W_n": -1}
        bias |= {"B": -1, "Q": -1, "C": -1, "V": -1}
        if part != "E":
            squares += (w**2).sum()
        if part in bias:
            squares -= (w[:, bias[part]] ** 2).sum()
    return total / len(X) + penalty * squares / 2


def derivative(f, theta, direction):
    """By complex step."""
    return np.imag(f(theta + 1e-30j * direction)) / 1e-30

"""Make the numbers that `test_parity.py` compares with: PyTorch's, in float64, of weights that float32 can hold.

    python tests/parity/make.py

needs torch (2.13.0 made the stored files). One file a cell; in it, for each network ``{layers}x{directions}``, the
weights by torch's names, the output of every step and the last states, and the gradients of

    sum(A * output) + sum(B * h_n)

with respect to the weights and the inputs. Sequences lie end to end, longest first. `optimizers.npz` holds where
torch's optimizers go from `theta`, given the gradients. `forecaster.npz` holds an encoder and a decoder with future
features, static values, quantiles and targets that are not known, its outputs, its loss and the gradients.
"""

from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
F, H = 2, 3
LENGTHS = [5, 3, 3, 1]
CELLS = {
    "rnn_tanh": ("RNN", {"nonlinearity": "tanh"}),
    "rnn_relu": ("RNN", {"nonlinearity": "relu"}),
    "lstm": ("LSTM", {}),
    "gru": ("GRU", {}),
}


def network(torch, kind, options, layers, directions, rng):
    """Name → array of one network."""
    module = getattr(torch.nn, kind)(F, H, layers, bidirectional=directions == 2, dtype=torch.float64, **options)
    for name, p in module.named_parameters():
        value = torch.tensor(rng.normal(0, 0.6, p.shape).astype(np.float32))
        if name.startswith("bias_hh"):  # where torch has two biases in a sum, the library has one
            value[: 2 * H if kind == "GRU" else len(value)] = 0
        p.data = value.double()
    x = torch.tensor(rng.standard_normal((sum(LENGTHS), F)).astype(np.float32)).double().requires_grad_()
    packed = torch.nn.utils.rnn.pack_sequence(x.split(LENGTHS))
    output, h_n = module(packed)
    h_n = h_n[0] if kind == "LSTM" else h_n
    output = torch.cat(torch.nn.utils.rnn.unpack_sequence(output))
    A, B = (torch.tensor(rng.standard_normal(y.shape).astype(np.float32)) for y in (output, h_n))
    ((A * output).sum() + (B * h_n).sum()).backward()
    given = {"x": x, "A": A, "B": B} | {f"weight/{name}": p for name, p in module.named_parameters()}
    result = {"output": output, "h_n": h_n, "gradient/x": x.grad}
    result |= {f"gradient/{name}": p.grad for name, p in module.named_parameters()}
    arrays = {name: value.detach().numpy().astype(np.float32) for name, value in given.items()}
    return arrays | {name: value.detach().numpy() for name, value in result.items()}


def optimizers(torch, rng):
    theta, gradients = rng.standard_normal(4), rng.standard_normal((6, 4))
    arrays = {"theta": theta, "gradients": gradients}
    for name, make in {
        "adam": lambda p: torch.optim.Adam(p, lr=0.01, betas=(0.8, 0.99), eps=1e-3),
        "sgd": lambda p: torch.optim.SGD(p, lr=0.01),
        "momentum": lambda p: torch.optim.SGD(p, lr=0.01, momentum=0.9),
        "nesterov": lambda p: torch.optim.SGD(p, lr=0.01, momentum=0.9, nesterov=True),
    }.items():
        p, path = torch.tensor(theta, requires_grad=True), []
        optimizer = make([p])
        for gradient in gradients:
            p.grad = torch.tensor(gradient)
            optimizer.step()
            path.append(p.detach().numpy().copy())
        arrays[name] = np.array(path)
    return arrays


QUANTILES = (0.1, 0.5, 0.75)
FUTURE = [0, 2]
PAST, AHEAD = [5, 3, 4, 1], [4, 3, 2, 2]


def forecaster(torch, rng):
    """One sequence at a time. What the decoder reads of its own outputs is a constant for the gradient."""

    def drawn(*shape):
        return torch.tensor(rng.standard_normal(shape).astype(np.float32)).double()

    n_features, n_targets, n_static = 3, 2, 2
    nn = torch.nn
    modules = {
        "encoder": nn.LSTM(n_features, H, bidirectional=True),
        "decoder": nn.LSTM(n_targets + len(FUTURE), H),
        "bridge": nn.Linear(2 * H + n_static, 2 * H),
        "Q": nn.Linear(H, H),
        "K": nn.Linear(2 * H, H, bias=False),
        "v": nn.Linear(H, 1, bias=False),
        "C": nn.Linear(3 * H, H),
        "V": nn.Linear(H + n_static, n_targets * len(QUANTILES)),
    }
    for module in modules.values():
        module.double()
        for name, p in module.named_parameters():
            p.data = torch.zeros_like(p) if name.startswith("bias_hh") else 0.6 * drawn(*p.shape)
            p.data = p.data.float().double()
    x = drawn(sum(PAST) + sum(AHEAD), n_features)
    static, y, weight = drawn(len(PAST), n_static), drawn(sum(AHEAD), n_targets), drawn(sum(AHEAD)).abs()
    y[[1, 5]] = torch.nan
    y[[0, 7], 1] = torch.nan
    weight[[1, 5]] = 0
    q = torch.tensor(QUANTILES, dtype=torch.float64)
    outputs, loss = [], 0.0
    lengths = np.add(PAST, AHEAD).tolist()
    for j, (x_j, y_j, w_j) in enumerate(zip(x.split(lengths), y.split(AHEAD), weight.split(AHEAD), strict=True)):
        states, (h, _) = modules["encoder"](x_j[: PAST[j]])
        begin = modules["bridge"](torch.cat([h.reshape(-1), static[j]]))
        state = begin[:H].tanh()[None], begin[H:][None]
        read = torch.zeros(n_targets, dtype=torch.float64)
        for t in range(AHEAD[j]):
            inputs = torch.cat([read, x_j[PAST[j] + t, FUTURE]])
            h, state = modules["decoder"](inputs[None], state)
            energies = modules["v"]((modules["Q"](h) + modules["K"](states)).tanh())
            context = (energies.softmax(0) * states).sum(0)
            h = modules["C"](torch.cat([h[0], context])).tanh()
            raw = modules["V"](torch.cat([h, static[j]])).reshape(n_targets, -1)
            outputs.append(raw.reshape(-1))
            known = ~y_j[t].isnan()
            d = (y_j[t][known, None] - raw[known]) if known.any() else torch.zeros(1)
            loss = loss + w_j[t] * (torch.maximum(q * d, (q - 1) * d).sum() if known.any() else 0) / raw.numel()
            read = torch.where(known, y_j[t], raw.detach().sort(dim=1).values[:, 1])
    loss = loss / len(PAST)
    loss.backward()
    given = {"x": x, "static": static, "y": y, "weight": weight}
    result = {"output": torch.stack(outputs), "loss": loss}
    for kind, module in modules.items():
        for name, p in module.named_parameters():
            given[f"{kind}/weight/{name}"] = p
            result[f"{kind}/gradient/{name}"] = p.grad
    arrays = {name: value.detach().numpy().astype(np.float32) for name, value in given.items()}
    arrays |= {"past": np.array(PAST), "ahead": np.array(AHEAD), "future": np.array(FUTURE)}
    return arrays | {name: value.detach().numpy() for name, value in result.items()}


def main():
    import torch

    rng = np.random.default_rng(0)
    for cell, (kind, options) in CELLS.items():
        arrays = {"lengths": np.array(LENGTHS)}
        for layers in (1, 2):
            for directions in (1, 2):
                for name, value in network(torch, kind, options, layers, directions, rng).items():
                    arrays[f"{layers}x{directions}/{name}"] = value
        np.savez_compressed(HERE / f"{cell}.npz", **arrays)
    np.savez_compressed(HERE / "optimizers.npz", **optimizers(torch, rng))
    np.savez_compressed(HERE / "forecaster.npz", **forecaster(torch, np.random.default_rng(1)))


if __name__ == "__main__":
    main()

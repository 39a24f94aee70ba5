"""Make the numbers that `test_parity.py` compares with: PyTorch's, in float64, of weights that float32 can hold.

    python tests/parity/make.py

needs torch (2.13.0 made the stored files). One file a cell; in it, for each network ``{layers}x{directions}``, the
weights by torch's names, the output of every step and the last states, and the gradients of

    sum(A * output) + sum(B * h_n)

with respect to the weights and the inputs. Sequences lie end to end, longest first. `optimizers.npz` holds where
torch's optimizers go from `theta`, given the gradients.
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


if __name__ == "__main__":
    main()

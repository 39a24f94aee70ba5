"""Seq2SeqClassifier against PyTorch loops of the same network: python benchmarks/seq2seq.py [--rounds N]

An LSTM encoder of two directions, a layer from its last states to those in which the decoder begins, a table of
vectors, an LSTM decoder, attention, a dense head; cross entropy, the end of a sequence included; Adam, shuffled
batches, clipping at norm 1, float32; one thread each; both in one run, in turn, after a warm-up; the best of several.
A ratio above 1: ours is faster. Two peers:

loop : the decoder as PyTorch's tutorials write it, `LSTMCell` and attention in a Python loop over the output steps
at once : what can be done if attention does not feed the next step, as here: `nn.LSTM` over all output steps, attention
    of all of them as one batched product

Both pad to the longest sequence of a batch, pack what the encoder reads, and mask attention and the loss. Predictions
are greedy, of 1,000 sequences, 64 at a time or all at once, whichever is faster; both sides write as many steps, since
neither network may end before the last.

Where OpenBLAS takes AVX2 kernels on a processor with AVX-512, all is run twice: see speed.py.
"""

import argparse
import math
import warnings

import numpy as np
import threadpoolctl
import torch
from speed import best_in_turn, report_machine, run_with_avx512
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence

from sklearn_recurrent import Seq2SeqClassifier

N_FEATURES, N_UNITS, N_CLASSES, BATCH, EPOCHS = 16, 64, 20, 64, 2
N_TRAIN, N_PREDICT = 640, 1000
END = N_CLASSES  # also what the decoder reads first, and what pads the outputs


class Translator(torch.nn.Module):
    """`forward` loops over the output steps."""

    def __init__(self, attention):
        super().__init__()
        H, self.attention = N_UNITS, attention
        self.encoder = torch.nn.LSTM(N_FEATURES, H, bidirectional=True, batch_first=True)
        self.bridge = torch.nn.Linear(2 * H, 2 * H)
        self.words = torch.nn.Embedding(N_CLASSES + 1, H)
        self.cell = torch.nn.LSTMCell(H, H)
        self.head = torch.nn.Linear(H, N_CLASSES + 1)
        if attention is not None:
            self.query = torch.nn.Linear(H, H if attention == "additive" else 2 * H)
            self.combine = torch.nn.Linear(3 * H, H)
        if attention == "additive":
            self.key = torch.nn.Linear(2 * H, H, bias=False)
            self.v = torch.nn.Linear(H, 1, bias=False)

    def encode(self, x, lengths):
        """All states, the keys to them, where they are padding (None: nowhere), the decoder's first state."""
        if lengths is None:
            states, (h, _) = self.encoder(x)
            dead = None
        else:
            packed, (h, _) = self.encoder(pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False))
            states, _ = pad_packed_sequence(packed, batch_first=True)
            dead = torch.arange(states.shape[1]) >= lengths[:, None]
        h, c = self.bridge(torch.cat([h[0], h[1]], dim=1)).chunk(2, dim=1)
        return states, self.key(states) if self.attention == "additive" else states, dead, (torch.tanh(h), c)

    def attend(self, h, states, keys, dead):
        """h (n, T, H) → h̃ (n, T, H)"""
        q = self.query(h)
        if self.attention == "additive":
            e = self.v(torch.tanh(q[:, :, None] + keys[:, None]))[..., 0]
        else:
            e = torch.bmm(q, keys.transpose(1, 2))
        if dead is not None:
            e = e.masked_fill(dead[:, None], -math.inf)
        return torch.tanh(self.combine(torch.cat([h, torch.bmm(torch.softmax(e, dim=2), states)], dim=2)))

    def step(self, word, state, *encoded):
        state = self.cell(self.words(word), state)
        h = state[0] if self.attention is None else self.attend(state[0][:, None], *encoded)[:, 0]
        return self.head(h), state

    def forward(self, x, lengths, read):
        *encoded, state = self.encode(x, lengths)
        raw = []
        for t in range(read.shape[1]):
            y, state = self.step(read[:, t], state, *encoded)
            raw.append(y)
        return torch.stack(raw, dim=1)

    def write(self, x, lengths, n_steps):
        """Greedy, until all have ended."""
        *encoded, state = self.encode(x, lengths)
        word, written = torch.full((len(x),), END), []
        ended = torch.zeros(len(x), dtype=torch.bool)
        for _ in range(n_steps):
            raw, state = self.step(word, state, *encoded)
            word = raw.argmax(dim=1)
            written.append(word)
            ended |= word == END
            if ended.all():
                break
        return torch.stack(written, dim=1)


class AtOnce(Translator):
    """`forward` takes all output steps together."""

    def __init__(self, attention):
        super().__init__(attention)
        self.decoder = torch.nn.LSTM(N_UNITS, N_UNITS, batch_first=True)
        del self.cell

    def forward(self, x, lengths, read):
        *encoded, (h, c) = self.encode(x, lengths)
        h, _ = self.decoder(self.words(read), (h[None], c[None]))
        return self.head(h if self.attention is None else self.attend(h, *encoded))


def fit_torch(net, X, Y, ragged):
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
    for _ in range(EPOCHS):
        for rows in torch.randperm(len(X)).split(BATCH):
            x, lengths = take(X, rows, ragged)
            y, _ = take(Y, rows, ragged, padding_value=-1)
            read = torch.nn.functional.pad(y[:, :-1], (1, 0), value=END).clamp(min=0)
            optimizer.zero_grad()
            raw = net(x, lengths, read)
            torch.nn.functional.cross_entropy(raw.flatten(0, 1), y.flatten(), ignore_index=-1).backward()
            torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimizer.step()


def predict_torch(net, X, ragged, n_steps, size):
    """Sequences of like length go together, as ours do."""
    with torch.inference_mode():
        for rows in torch.tensor([-len(x) for x in X]).argsort().split(size):
            net.write(*take(X, rows, ragged), n_steps).numpy()


def take(X, rows, ragged, padding_value=0):
    """A batch, and its lengths; None if all are as long, and X is a single tensor."""
    if not ragged:
        return X[rows], None
    x = [X[i] for i in rows]
    return pad_sequence(x, batch_first=True, padding_value=padding_value), torch.tensor([len(a) for a in x])


def draw(rng, n, ragged):
    """Noise, and labels that have nothing to do with it."""
    lengths = rng.integers(10, 51, (2, n)) if ragged else np.full((2, n), 30)
    X = [rng.standard_normal((length, N_FEATURES), dtype=np.float32) for length in lengths[0]]
    y = [rng.integers(N_CLASSES, size=length) for length in lengths[1]]
    return (X, y) if ragged else (np.stack(X), np.stack(y))


def tensors_of(arrays, ragged):
    return [torch.from_numpy(a) for a in arrays] if ragged else torch.from_numpy(np.stack(arrays))


def never_end(model, *nets):
    """Both sides shall write as many steps as they may."""
    model._network().layout.views(model.theta_)["head/V"][-1, -1] = -1e4
    with torch.no_grad():
        for net in nets:
            net.head.bias[-1] = -1e4


def compare(attention, ragged, rounds):
    rng = np.random.default_rng(0)
    X, y = draw(rng, N_TRAIN, ragged)
    more, _ = draw(rng, N_PREDICT, ragged)
    with_end = [np.append(labels, END) for labels in y]
    tensors = [tensors_of(arrays, ragged) for arrays in (X, with_end, more)]
    model = Seq2SeqClassifier(
        N_UNITS, attention=attention, standardize=False, alpha=0, batch_size=BATCH, learning_rate="constant",
        learning_rate_init=1e-3, tol=0, max_iter=EPOCHS, n_jobs=1, random_state=0,
    )  # fmt: skip
    loop, at_once = Translator(attention), AtOnce(attention)
    fits = best_in_turn(
        {
            "ours": lambda: model.fit(X, y),
            "loop": lambda: fit_torch(loop, *tensors[:2], ragged),
            "at once": lambda: fit_torch(at_once, *tensors[:2], ragged),
        },
        rounds,
    )
    never_end(model, loop)
    predictions = best_in_turn(
        {
            "ours": lambda: model.predict(more),
            **{n: lambda n=n: predict_torch(loop, tensors[2], ragged, model.max_length_, n) for n in (64, N_PREDICT)},
        },
        rounds,
    )
    assert all(len(labels) == model.max_length_ for labels in model.predict(more))
    write = min(predictions[64], predictions[N_PREDICT]) / predictions["ours"]
    ratios = fits["loop"] / fits["ours"], fits["at once"] / fits["ours"], write
    print(
        f"| {attention} | {'10 to 50' if ragged else '30'} | " + " | ".join(f"{ratio:.2f}" for ratio in ratios) +
        f" | {fits['ours'] / EPOCHS * 1e3:.0f} | {predictions['ours'] * 1e3:.0f} |", flush=True,
    )  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    lesser_kernels = report_machine()
    print(f"\nTorch's time over ours: fits of {N_TRAIN} sequences, predictions of {N_PREDICT:,}; ours in ms\n")
    print("| attention | steps in and out | fit, loop | fit, at once | predict, loop | ms per epoch | ms to predict |")
    print("|---|---|---|---|---|---|---|")
    with threadpoolctl.threadpool_limits(1):
        for ragged in (False, True):
            for attention in ("additive", "dot", None):
                compare(attention, ragged, arguments.rounds)
    if lesser_kernels:
        run_with_avx512()


if __name__ == "__main__":
    main()

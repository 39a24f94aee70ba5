"""Networks of PyTorch that worker processes import."""

import torch


class PaddedLSTM(torch.nn.Module):
    """An LSTM of two directions over padded arrays, whose last feature is the number of steps of the sequence."""

    def __init__(self, n_features, n_units, n_classes):
        super().__init__()
        self.recurrent = torch.nn.LSTM(n_features, n_units, batch_first=True, bidirectional=True)
        self.head = torch.nn.Linear(2 * n_units, n_classes)

    def forward(self, x):
        lengths = x[:, 0, -1].long().cpu()
        packed = torch.nn.utils.rnn.pack_padded_sequence(x[:, :, :-1], lengths, batch_first=True, enforce_sorted=False)
        _, (h, _) = self.recurrent(packed)
        return self.head(torch.cat([h[0], h[1]], dim=1))

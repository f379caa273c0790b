"""PyTorch beside us: small networks by Adam with early stopping, deep ensembles, laplace-torch.

Networks of one architecture are trained side by side with batched matrix products: the arithmetic
of each is that of a network trained alone, at a fraction of the time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.functional import cross_entropy

__all__ = ["Stack", "deep_ensemble", "laplace_intervals", "laplace_trained", "torch_fit"]

PENALTIES = (0.01, 0.1, 1.0, 10.0)  # of w'w/2 beside the sum of squares: divided by the rows
BATCH, RATE, EPOCHS, PATIENCE, HELD = 32, 5e-3, 500, 40, 0.15
Loss = Callable[[Any, Any], Any]  # (members, rows, outputs), (members, rows) -> (members,)


class Stack(nn.Module):
    """`members` networks of one architecture."""

    def __init__(self, sizes: Sequence[int], members: int):
        super().__init__()
        pairs = list(pairwise(sizes))
        self.weights = nn.ParameterList([_glorot(members, i, o) for i, o in pairs])
        self.biases = nn.ParameterList([torch.zeros(members, 1, o) for _, o in pairs])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        *inner, last = zip(self.weights, self.biases, strict=True)
        for w, b in inner:
            x = torch.tanh(torch.baddbmm(b, x, w))
        return torch.baddbmm(last[1], x, last[0])

    def squares(self) -> torch.Tensor:
        return sum((w**2).sum((1, 2)) for w in self.weights)  # type: ignore[return-value]

    def member(self, k: int) -> nn.Sequential:
        """One of them as the module a user would write."""
        layers: list[nn.Module] = []
        for w, b in zip(self.weights, self.biases, strict=True):
            layer = nn.Linear(w.shape[1], w.shape[2])
            layer.weight.data, layer.bias.data = (
                w[k].T.detach().contiguous(),
                b[k, 0].detach().clone(),
            )
            layers += [layer, nn.Tanh()]
        return nn.Sequential(*layers[:-1])


def _glorot(members: int, rows: int, columns: int) -> torch.Tensor:
    return torch.randn(members, rows, columns) * (2 / (rows + columns)) ** 0.5


def squared(out: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return ((out[..., 0] - y) ** 2).mean(1) / 2


def gaussian(out: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Negative log likelihood of a mean and a variance, as in Lakshminarayanan et al. (2017)."""
    variance = nn.functional.softplus(out[..., 1]) + 1e-6
    return (((out[..., 0] - y) ** 2 / variance + variance.log()) / 2).mean(1)


def entropy(out: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return cross_entropy(out.transpose(1, 2), y, reduction="none").mean(1)


def _tensors(X: np.ndarray, y: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
    kind = torch.float32 if y.dtype.kind == "f" else torch.long
    return torch.tensor(X, dtype=torch.float32), torch.tensor(y, dtype=kind)


def _trained(
    X: np.ndarray, y: np.ndarray, sizes: Sequence[int], loss: Loss, members: int, seed: int
) -> tuple[Stack, torch.Tensor, torch.Tensor]:
    """`members` networks for each penalty, each with its own rows held out: with the weights of
    their best epochs, their losses there and the epochs."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    a, b = _tensors(X, y)
    held = max(1, round(HELD * len(y)))
    orders = np.stack([rng.permutation(len(y)) for _ in range(members)])
    orders = torch.tensor(np.repeat(orders, len(PENALTIES), axis=0))
    out, keep = orders[:, :held], orders[:, held:]
    penalty = torch.tensor(PENALTIES).repeat(members) / keep.shape[1] / 2
    nets = Stack(sizes, len(orders))
    best, epochs = torch.full((len(orders),), torch.inf), torch.zeros(len(orders))
    kept = [p.detach().clone() for p in nets.parameters()]
    optimizer = torch.optim.Adam(nets.parameters(), lr=RATE)
    for epoch in range(EPOCHS):
        for rows in _shuffled(keep).split(BATCH, 1):
            optimizer.zero_grad()
            (loss(nets(a[rows]), b[rows]) + penalty * nets.squares()).sum().backward()
            optimizer.step()
        with torch.no_grad():
            now = loss(nets(a[out]), b[out])
            better = now < best
            best, epochs = torch.where(better, now, best), torch.where(better, epoch + 1, epochs)
            for old, new in zip(kept, nets.parameters(), strict=True):
                old[better] = new[better]
        if epoch - epochs.max() > PATIENCE:
            break
    for p, old in zip(nets.parameters(), kept, strict=True):
        p.data = old
    return nets, best.reshape(members, -1), epochs.reshape(members, -1)


def _shuffled(rows: torch.Tensor) -> torch.Tensor:
    return rows.gather(1, torch.rand(rows.shape).argsort(1))


def _sizes(X: np.ndarray, hidden: Sequence[int], outputs: int) -> list[int]:
    return [X.shape[1], *hidden, outputs]


def _chosen(
    X: np.ndarray, y: np.ndarray, sizes: Sequence[int], loss: Loss, members: int, seed: int
) -> Callable[[np.ndarray], np.ndarray]:
    """The networks of the penalty with the lowest mean loss on held-out rows."""
    nets, losses, _ = _trained(X, y, sizes, loss, members, seed)
    of = int(losses.mean(0).argmin())

    def outputs(x: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            every = nets(torch.tensor(x, dtype=torch.float32).expand(losses.numel(), -1, -1))
        return every.reshape(members, len(PENALTIES), len(x), -1)[:, of].double().numpy()

    return outputs


def torch_fit(
    X: np.ndarray, y: np.ndarray, hidden: Sequence[int], classes: int, seed: int
) -> Callable[[np.ndarray], np.ndarray]:
    """One network: Adam, early stopping, weight decay by held-out rows. Value or logits."""
    sizes = _sizes(X, hidden, classes or 1)
    outputs = _chosen(X, y, sizes, entropy if classes else squared, 1, seed)
    return lambda x: outputs(x)[0] if classes else outputs(x)[0, :, 0]


def deep_ensemble(
    X: np.ndarray, y: np.ndarray, hidden: Sequence[int], seed: int
) -> Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """Mean and standard deviation of five networks with a mean and a variance each."""
    outputs = _chosen(X, y, _sizes(X, hidden, 2), gaussian, 5, seed)

    def predict(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        found = outputs(x)
        mean, variance = found[..., 0], np.logaddexp(0, found[..., 1]) + 1e-6
        return mean.mean(0), np.sqrt(variance.mean(0) + mean.var(0))

    return predict


# ---- laplace-torch ----


def _again(X: np.ndarray, y: np.ndarray, hidden: Sequence[int], seed: int) -> nn.Sequential:
    """A network of all rows, with the penalty and the epochs that held-out rows chose."""
    sizes = _sizes(X, hidden, 1)
    _, losses, epochs = _trained(X, y, sizes, squared, 1, seed)
    of = int(losses[0].argmin())
    net = Stack(sizes, 1)
    optimizer = torch.optim.Adam(net.parameters(), lr=RATE)
    a, b = _tensors(X, y)
    rows = torch.arange(len(y))[None]
    for _ in range(int(epochs[0, of])):
        for some in _shuffled(rows).split(BATCH, 1):
            optimizer.zero_grad()
            penalty = PENALTIES[of] / len(y) / 2 * net.squares()
            (squared(net(a[some]), b[some]) + penalty).sum().backward()
            optimizer.step()
    return net.member(0)


def laplace_intervals(
    X: np.ndarray, y: np.ndarray, hidden: Sequence[int], seed: int
) -> Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """Full GGN after training; prior and noise by the marginal likelihood, as its README shows."""
    from laplace import Laplace

    model = _again(X, y, hidden, seed)
    la = Laplace(model, "regression", subset_of_weights="all", hessian_structure="full")
    la.fit(_loader(X, y))
    prior, noise = torch.zeros(1, requires_grad=True), torch.zeros(1, requires_grad=True)
    optimizer = torch.optim.Adam([prior, noise], lr=0.1)
    for _ in range(200):
        optimizer.zero_grad()
        (-la.log_marginal_likelihood(prior.exp(), noise.exp())).backward()
        optimizer.step()
    return _spread(la)


def laplace_trained(
    X: np.ndarray, y: np.ndarray, hidden: Sequence[int], seed: int
) -> Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """Its training by the marginal likelihood: prior and noise are set while the weights are."""
    from laplace import marglik_training
    from laplace.curvature import CurvlinopsGGN

    torch.manual_seed(seed)
    model = Stack(_sizes(X, hidden, 1), 1).member(0)
    la, *_ = marglik_training(
        model,
        _loader(X, y),
        "regression",
        "full",
        CurvlinopsGGN,
        optimizer_kwargs={"lr": 2e-2},
        n_epochs=1000,
        n_epochs_burnin=100,
        n_hypersteps=10,
        marglik_frequency=20,
        prior_structure="layerwise",
    )
    return _spread(la)


def _loader(X: np.ndarray, y: np.ndarray) -> Any:
    a, b = _tensors(X, y)
    data = torch.utils.data.TensorDataset(a, b[:, None])
    return torch.utils.data.DataLoader(data, batch_size=len(y))


def _spread(la: Any) -> Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]:
    def predict(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        mean, variance = la(torch.tensor(x, dtype=torch.float32))
        sd = (variance.squeeze((1, 2)) + la.sigma_noise.detach() ** 2).sqrt()
        return mean.squeeze(1).detach().double().numpy(), sd.detach().double().numpy()

    return predict

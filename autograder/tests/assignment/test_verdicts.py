"""What `train` says of two models' means: it follows from the numbers."""

from __future__ import annotations

from assignment.given.runs import Run
from assignment.given.train_command import verdicts


def run_with(model: str, mean: float, seed: int = 0, shape: int = 7) -> Run:
    accuracies = [mean - 1, mean + 1] * 5
    return Run(model, seed, "cpu", [[shape]], [(1, 2.0)], 1.0, accuracies)


def runs_with(model: str, *means: float, shape: int = 7) -> dict[str, list[Run]]:
    return {model: [run_with(model, mean, seed, shape) for seed, mean in enumerate(means)]}


def test_verdicts_follow_from_the_numbers() -> None:
    near = runs_with("A", 60, 62) | runs_with("B", 61, 63)
    assert verdicts(near)[0] == (
        "A and B have the same shape, 7 parameters: 61.0 ± 1.4 and 62.0 ± 1.4 per cent with 2 seeds. They are 1.0 "
        "points apart, not more than both spreads together (2.8): another seed alone can make such a difference."
    )
    far = runs_with("A", 60, 60.2) | runs_with("B", 63, 63.2, shape=8)
    assert verdicts(far)[0] == (
        "A and B: 60.1 ± 0.1 and 63.1 ± 0.1 per cent with 2 seeds. They are 3.0 points apart, more than both spreads "
        "together (0.3): another seed alone seldom makes such a difference."
    )
    once = runs_with("A", 60) | runs_with("B", 70) | runs_with("C", 80)
    assert len(verdicts(once)) == 1
    assert "--seeds 5" in verdicts(once)[0]
    assert verdicts(runs_with("A", 60, 61)) == verdicts(runs_with("A", 60)) == []
    assert len(verdicts(near | runs_with("C", 1, 2))) == 3

"""The fuzzer of networks: what its oracle notices, and that nothing is found with a few hundred inputs."""

from __future__ import annotations

import random

import msgpack
import pytest
import torch

from autograder.evidence.fuzz import networks
from autograder.evidence.fuzz.lists import Target, check_round_trip, check_run, check_writes
from autograder.evidence.fuzz.networks import made_of, operation, value
from autograder.evidence.fuzz.oracle import Broken
from autograder.operations import lists
from autograder.operations.lists import MalformedList, read

INPUTS = 300


@pytest.fixture(scope="module")
def target() -> Target:
    return Target(every=5)


def test_changed_networks_break_nothing_and_reach_every_stage(target: Target) -> None:
    draw = random.Random(0)
    mutate = Target.mutator(lambda data, _: data[::-1])
    small = Target.seeds()[-networks.SMALL :]
    reached = [0, 0, 0]
    for _ in range(INPUTS):
        data = mutate(draw.choice(small), 1 << 16, draw.getrandbits(32))
        target(data)
        stages = (target.reached.first, target.reached.second, target.reached.third)
        reached = [count + stage for count, stage in zip(reached, stages, strict=True)]
    assert INPUTS / 5 < reached[0] < INPUTS
    assert reached[0] > reached[1] >= reached[2] > 0


def test_every_seed_reaches_every_stage() -> None:
    target = Target(every=1)
    for seed in Target.seeds()[-networks.SMALL :]:
        target(seed)
        assert target.reached.third


def test_an_input_is_changed_in_the_same_way_for_the_same_number() -> None:
    seed = Target.seeds()[-1]
    one, again = (Target.mutator(lambda data, _: data) for _ in range(2))
    changed = [one(seed, 1 << 16, number) for number in range(50)]
    assert [again(seed, 1 << 16, number) for number in range(50)] == changed
    assert len(set(changed)) > 40


def writing() -> networks.Tree:
    """A seed whose list for training writes into the images, which only `measure` would refuse."""
    tree = networks.seeds()[-networks.SMALL]
    tree["train"]["operations"].append(operation("mul_.Scalar", value(0), 2.0))
    return tree


def test_what_is_written_is_noticed() -> None:
    check_run(read(made_of(networks.seeds()[-networks.SMALL])))
    with pytest.raises(Broken, match="changed an image"):
        check_writes(read(made_of(writing())), torch.contiguous_format)


@pytest.mark.parametrize(
    ("raised", "broken"),
    [
        (KeyError("x"), KeyError),
        (RecursionError(), RecursionError),
        (MalformedList("a" * 1000), Broken),
        (MalformedList("\x1b[31m"), Broken),
    ],
)
def test_what_reading_must_not_do_is_noticed(
    target: Target, monkeypatch: pytest.MonkeyPatch, raised: Exception, broken: type[Exception]
) -> None:
    def read_badly(_: object) -> None:
        raise raised

    monkeypatch.setattr(lists, "read", read_badly)
    with pytest.raises(broken):
        target(msgpack.packb(networks.seeds()[-1]))


def test_another_network_after_a_round_trip_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    network = read(made_of(networks.seeds()[-1]))
    check_round_trip(network)
    monkeypatch.setattr(lists.Network, "digest", lambda self: str(id(self)))
    with pytest.raises(Broken, match="round trip"):
        check_round_trip(network)

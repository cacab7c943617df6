"""Which faults explain an answer: the shortest explanation that agrees with everything seen, if there is only one.

A wrong answer is a right one with some faults (`Fault`), at most one of each factor: a setting can be right, taken from
the height for both axes, from the width, exchanged, ignored, wrong in the size alone or in the values alone; so can the
kernel, the bias, the size's formula, the layout, the dtype. Faults can be put together because each says only what it
makes of the parsed call or of the output, so what an answer with several returns can be computed with torch's own
layers.

- **Seen** are the results of fixed probes, and of the call that failed. An exception is a result like any other: it is
  evidence for a kind of calls that the answer refuses, or for a fault by which it reads beyond the image; it says
  nothing about the values, which other calls show. A kind of calls is only refused if no call of that kind returned.
- **The search** takes the first result that contradicts the faults assumed so far, the simplest calls first and those
  that ended with an exception last, and tries
  every fault that would make that result agree and leaves the earlier ones in agreement; two at once if no single one
  does. An explanation that agrees with all results is kept if none is shorter. This finds every shortest explanation in
  which each fault shows in some call beside at most one other that is not yet known, which is what the probes are for.
- **The type and line of exceptions** decide between explanations of the same length: exceptions of one type from one
  line have one reason, so an explanation is the better, the fewer such groups need more than one fault. After
  that, an explanation is the better, the less it leaves open, and the less of the computation it replaces.
- **It is only said if it is certain**: if all the shortest explanations consist of the same causes, and without any of
  them at least two results would be contradicted.

Nothing here depends on time: the calls, their order and the number of predictions are the same on every machine.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Sequence

from torch import Tensor

from tests.diagnosis.faults import Fault, Observation, Refused, fits, is_same, prediction
from tests.diagnosis.windows import Window

MOST_FAULTS = 9
MOST_PREDICTIONS = 10_000  # beyond them the search is given up
ENOUGH = 3  # results that came back

Explanation = tuple[Fault, ...]


class Inference:
    """The search for an answer's faults.

    Args:
        faults: the operation's, in the order in which an answer would make them.
        seen: the results, those of simple calls first.

    Attributes:
        found: the shortest explanations, after the search.
    """

    def __init__(self, faults: Sequence[Fault], seen: Sequence[Observation]) -> None:
        self._returned = [each for each in seen if not isinstance(each.outcome, Refused)]
        self._faults = [
            fault
            for fault in faults
            if fault.refuses is None or not any(fault.refuses(each) for each in self._returned)
        ]
        self._order = {fault: place for place, fault in enumerate(self._faults)}
        # What returned says more than an exception; of exceptions, those say most that the fewest faults lead to.
        refused = [each for each in seen if isinstance(each.outcome, Refused)]
        self._seen = [*self._returned, *sorted(refused, key=self._count_refusals)]
        self._known: dict[tuple[Explanation, Observation], bool] = {}
        self._tried: set[Explanation] = set()
        self.found: list[Explanation] = []

    def _count_refusals(self, seen: Observation) -> int:
        return sum(fault.refuses is not None and fault.refuses(seen) for fault in self._faults)

    def explanations(self) -> list[Explanation]:
        """The shortest explanations; none if nothing explains what was seen, or too much would have to be tried."""
        if len(self._returned) < ENOUGH:
            return []
        for most in range(MOST_FAULTS + 1):
            self._tried.clear()
            self._extend((), 0, most)
            if len(self._known) > MOST_PREDICTIONS:
                return []
            if self.found:
                break
        ranks = [self._rank(each) for each in self.found]
        self.found = [each for each, rank in zip(self.found, ranks, strict=True) if rank == min(ranks)]
        return self.found

    def _rank(self, faults: Explanation) -> tuple[int, ...]:
        """How much an explanation leaves open, to compare it with others of its length; the least is the best."""
        predictions = [prediction(faults, each) for each in self._returned]
        left_open = sum(isinstance(each, Tensor) and bool(each.isnan().any()) for each in predictions)
        spoiled, replaced = (
            sum(getattr(fault, kind) is not None for fault in faults) for kind in ("spoils", "instead")
        )
        return self._split_groups(faults), spoiled, left_open, replaced

    def certain(self) -> Explanation:
        """The explanation that can be relied on; empty if there is none."""
        explanations = self.explanations()
        if len({frozenset(fault.cause for fault in each) for each in explanations}) != 1:
            return ()
        return explanations[0] if all(self._is_needed(explanations[0], fault) for fault in explanations[0]) else ()

    def _is_needed(self, explanation: Explanation, fault: Fault) -> bool:
        """Whether two results would be contradicted without this fault."""
        rest = without(explanation, fault)
        return sum(not self.agrees(rest, each) for each in self._seen) > 1

    def _is_seen(self, explanation: Explanation) -> bool:
        """Whether each of several faults shows in a result that came back, unless it is one by which calls are refused.

        Otherwise a fault by which an answer reads beyond the image would explain whatever else ends with an exception.
        """
        return len(explanation) == 1 or all(
            fault.is_refusal or any(not self.agrees(without(explanation, fault), each) for each in self._returned)
            for fault in explanation
        )

    def agrees(self, faults: Explanation, seen: Observation) -> bool:
        """Whether an answer with these faults returns what was seen."""
        known = self._known.get((faults, seen))
        if known is None:
            known = fits(faults, seen, prediction(faults, seen)) or _agrees_with_batch_axis(faults, seen)
            self._known[faults, seen] = known
        return known

    def _extend(self, chosen: Explanation, agreed: int, most: int) -> None:
        """Keep these faults if they explain everything; otherwise add what explains the first contradiction."""
        if chosen in self._tried or len(self._known) > MOST_PREDICTIONS:
            return
        self._tried.add(chosen)
        place = next((at for at in range(agreed, len(self._seen)) if not self.agrees(chosen, self._seen[at])), None)
        if place is None and self._is_seen(chosen):
            self.found.append(chosen)
        elif place is None:
            return
        else:
            for more in self._additions(chosen, place, most - len(chosen)):
                self._extend(more, place + 1, most)

    def _additions(self, chosen: Explanation, place: int, room: int) -> list[Explanation]:
        """The explanations with one fault more, or else two, that agree with all results up to this one."""
        candidates = [fault for fault in self._faults if _combines(fault, chosen)] if room > 0 else []
        found = [more for fault in candidates if self._agrees_up_to(more := self._with(chosen, fault), place)]
        if found or room < 2 or isinstance(self._seen[place].outcome, Refused):
            return found
        relevant = [fault for fault in candidates if self._changes(chosen, fault, self._seen[place])]
        return [
            more
            for one, other in itertools.combinations(relevant, 2)
            if _combines(other, (one,)) and self._agrees_up_to(more := self._with(chosen, one, other), place)
        ]

    def _with(self, chosen: Explanation, *more: Fault) -> Explanation:
        return tuple(sorted((*chosen, *more), key=self._order.__getitem__))

    def _agrees_up_to(self, faults: Explanation, place: int) -> bool:
        return all(self.agrees(faults, self._seen[at]) for at in range(place, -1, -1))

    def _changes(self, chosen: Explanation, fault: Fault, seen: Observation) -> bool:
        """Whether a fault makes a difference to a call: only then can it have to do with the call's result."""
        if fault.is_refusal:
            return False
        before, after = (prediction(faults, seen) for faults in (chosen, self._with(chosen, fault)))
        if after is None or fault.dtype is not None or fault.rough:
            return after is not None
        if isinstance(before, Tensor) and isinstance(after, Tensor):
            return not is_same(before, after)
        return not isinstance(after, tuple) or before != after

    def _split_groups(self, faults: Explanation) -> int:
        """How many groups of exceptions of one type from one line need more than one fault."""
        groups: defaultdict[Refused, list[Observation]] = defaultdict(list)
        for each in self._seen:
            if isinstance(each.outcome, Refused):
                groups[each.outcome].append(each)
        others = tuple(fault for fault in faults if not fault.is_refusal)
        refusals = [self._with(others, fault) for fault in faults if fault.is_refusal]
        return sum(
            not any(all(isinstance(prediction(each, seen), Refused) for seen in group) for each in refusals)
            for group in groups.values()
        )


def _combines(fault: Fault, others: Explanation) -> bool:
    """Whether a fault can occur beside others: another factor, and only one says how the output is computed."""
    return all(fault.factor != other.factor and (fault.instead is None or other.instead is None) for other in others)


def without(explanation: Explanation, fault: Fault) -> Explanation:
    """An explanation without one of its faults."""
    return tuple(each for each in explanation if each is not fault)


def _agrees_with_batch_axis(faults: Explanation, seen: Observation) -> bool:
    """Whether it agrees if the answer gives one image a batch axis first and takes it away in the end."""
    if isinstance(seen.outcome, Refused) or not isinstance(seen.call, Window) or seen.call.input.dim() != 3:
        return False
    predicted = prediction(faults, seen, seen.call.in_batch())
    return isinstance(predicted, Tensor) and predicted.dim() > 0 and fits(faults, seen, predicted.squeeze(0))

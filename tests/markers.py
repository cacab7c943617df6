"""The marker that says what a test is worth: `@pytest.mark.points(2, category="stride")`."""

from __future__ import annotations

from typing import NamedTuple

import pytest


class PointsMarker(NamedTuple):
    """A test's points, and what it is about."""

    points: int
    category: str

    @property
    def words(self) -> str:
        """The category as it stands in the test's name."""
        return self.category.replace(" ", "_").replace("-", "_")


def points_marker(item: pytest.Item) -> PointsMarker | None:
    """The points and the category of a test; None if it is not marked.

    Raises:
        pytest.UsageError: the marker is not written as above.
    """
    marker = item.get_closest_marker("points")
    if marker is None:
        return None
    points, category = marker.args[0] if len(marker.args) == 1 else None, marker.kwargs.get("category")
    if type(points) is not int or points < 0 or type(category) is not str:
        where = f"{item.path}: {item.name}"
        raise pytest.UsageError(f'{where} must be marked like this: @pytest.mark.points(2, category="stride").')
    return PointsMarker(points, category)


def know_points(config: pytest.Config) -> None:
    """Register the marker with pytest."""
    config.addinivalue_line("markers", "points(points, category): what the test is worth, and its category")

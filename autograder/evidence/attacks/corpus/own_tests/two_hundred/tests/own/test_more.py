import pytest


@pytest.mark.points(1, category="more")
@pytest.mark.parametrize("number", range(200))
def test_more(number):
    assert number < 200

"""The pages in a real browser: sorting, filtering, keyboard, phone, dark, print; nothing asked of the network."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import Select

from autograder.course import Assignment
from autograder.grading.report import Accuracy
from autograder.pages import write_pages
from autograder.records.gradebook import read_grade_book
from autograder.records.results import Change, Result, TestChange, key_of, read_result, write_result
from autograder.tests.support.classes import ANSWER, make_class, result_of
from autograder.tests.support.hostile import HOSTILE
from autograder.tests.support.hostile_class import hostile_class

pytestmark = pytest.mark.slow

PHONE = {"width": 360, "height": 740, "deviceScaleFactor": 2, "mobile": True}
DESKTOP = {"width": 1280, "height": 900, "deviceScaleFactor": 1, "mobile": False}
LONG = "a-name-that-goes-on-and-on-without-end-and-has-no-blank-in-it-anywhere-at-all"
NAMES = ("Zoë Müller", "🦊 fox", "李小龙", "محمد علي", "student 10", "student 9", LONG)
LONG_LINE = "  wrong   some output values are wrong\n  call    " + "conv2d(x[1,1,7,7], w[1,1,2,2]) " * 8

# The contrast of each text with what is behind it, as WCAG computes it: those that are below 4.5.
FAINT = """
const channel = (value) => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
const luminance = ([r, g, b]) => 0.2126 * channel(r / 255) + 0.7152 * channel(g / 255) + 0.0722 * channel(b / 255);
function behind(element) {
  for (let each = element; each; each = each.parentElement) {
    const colour = numbers(getComputedStyle(each).backgroundColor);
    if (colour.length < 4 || colour[3] === 1) return colour;
    if (colour[3] !== 0) throw new Error("half transparent: " + each.outerHTML);
  }
  throw new Error("nothing is behind it");
}
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
const faint = [];
let seen = 0;
while (walker.nextNode()) {
  const element = walker.currentNode.parentElement;
  if (!walker.currentNode.data.trim() || !element.checkVisibility() || element.closest("script, style")) continue;
  const style = getComputedStyle(element);
  const text = luminance(numbers(element.closest("svg") ? style.fill : style.color));
  const ground = luminance(behind(element));
  const ratio = (Math.max(text, ground) + 0.05) / (Math.min(text, ground) + 0.05);
  seen += 1;
  if (ratio < 4.5) faint.push([ratio, walker.currentNode.data.trim(), element.outerHTML.slice(0, 80)]);
}
return [seen, faint];
"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    driver = shutil.which("chromedriver")
    if program is None or driver is None:
        pytest.fail("The pages are tested in a browser: apt-get install -y chromium chromium-driver")
    options = ChromeOptions()
    options.binary_location = program
    profile = tmp_path_factory.mktemp("browser")
    for argument in ("--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={profile}"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    with Chrome(options, Service(driver)) as browser:
        yield browser


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A class of sixty: names of all kinds, a trained network, long messages, what cannot be used, what failed."""
    from autograder import course

    assignment = course.load()
    out = tmp_path_factory.mktemp("class")
    names = [*NAMES, *(f"student {number}" for number in range(20, 70))]
    results = [
        result_of(name, assignment, place % 5 / 4, answer=ANSWER * (place % 2), message=LONG_LINE)
        for place, name in enumerate(names)
    ]
    results[3] = replace(results[3], changes=(Change("q1", 3, 5, (TestChange("dilation", "failed", "passed"),)),))
    results.append(Result("broken", "broken", "broken.zip", problem="broken.zip is a damaged zip file."))
    results.append(Result("ours", "ours", "ours", problem="No space left.", ours=True))
    make_class(out, assignment, results)
    _train(out, key_of("student 20"))
    write_pages(out, read_grade_book(out, assignment))
    return out


def _train(out: Path, key: str) -> None:
    """Give a student's network an accuracy and a curve."""
    result = read_result(out, key)
    assert result is not None
    assert result.report is not None
    classes: dict[str, float | None] = {
        name: 40.0 + 5 * place for place, name in enumerate(("plane", "car", "bird", "cat", "deer"))
    }
    accuracy = Accuracy(50.0, classes, 62.5, 10.0, [(epoch, 2.3 / epoch) for epoch in range(1, 21)])
    questions = [
        replace(question, accuracy=accuracy) if question.id == "q6" else question
        for question in result.report.questions
    ]
    write_result(out, replace(result, report=replace(result.report, questions=questions)))


@pytest.fixture
def page(browser: Chrome, out: Path) -> Iterator[Chrome]:
    """The class's page, just opened. After the test its log must be empty and nothing fetched from elsewhere."""
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", DESKTOP)
    media(browser)
    browser.get("about:blank")
    for kind in ("browser", "performance"):
        log(browser, kind)
    show(browser, out / "index.html")
    yield browser
    assert log(browser, "browser") == []
    asked = [json.loads(entry["message"])["message"] for entry in log(browser, "performance")]
    addresses = [each["params"]["request"]["url"] for each in asked if each["method"] == "Network.requestWillBeSent"]
    assert addresses
    assert [address for address in addresses if not address.startswith(out.as_uri())] == []


def log(browser: Chrome, kind: str) -> list[dict[str, Any]]:
    """What the browser noted since it was last asked."""
    entries: list[dict[str, Any]] = browser.get_log(kind)  # type: ignore[no-untyped-call]
    return entries


def show(browser: Chrome, path: Path) -> None:
    browser.get(path.as_uri())


def media(browser: Chrome, kind: str = "", *, scheme: str = "light") -> None:
    """Emulate a medium ("print") and a preferred colour scheme."""
    features = [
        {"name": "prefers-color-scheme", "value": scheme},
        {"name": "prefers-reduced-motion", "value": "reduce"},
    ]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": kind, "features": features})


def column(page: Chrome, number: int) -> list[str]:
    """What stands in a column of the rows that are shown, in their order."""
    script = """
        const rows = [...document.querySelectorAll("#table tbody tr")].filter((row) => row.checkVisibility());
        return rows.map((row) => row.cells[arguments[0]].textContent.trim());
    """
    cells: list[str] = page.execute_script(script, number)
    return cells


def heading(page: Chrome, name: str) -> WebElement:
    return next(each for each in page.find_elements(By.CSS_SELECTOR, "#table th button") if each.text.startswith(name))


def sorting(page: Chrome) -> dict[str, str]:
    headings = page.find_elements(By.CSS_SELECTOR, "#table thead th")
    return {each.text.split()[0]: str(each.get_attribute("aria-sort")) for each in headings}


def test_headings_sort(page: Chrome) -> None:
    assert set(sorting(page).values()) == {"none"}
    roster = column(page, 0)
    heading(page, "Student").click()
    names = column(page, 0)
    assert sorted(names) == sorted(roster)
    assert names.index("student 9") < names.index("student 10") < names.index("student 69") < names.index("Zoë Müller")
    assert sorting(page)["Student"] == "ascending"
    heading(page, "Points").click()
    points = [float(text) for text in column(page, 1) if text != "–"]
    assert points == sorted(points)
    assert column(page, 1)[-1] == "–"
    assert [name for name, how in sorting(page).items() if how != "none"] == ["Points"]
    heading(page, "Points").click()
    assert sorting(page)["Points"] == "descending"
    assert [float(text) for text in column(page, 1) if text != "–"] == points[::-1]
    assert column(page, 1)[-1] == "–"  # those without points come last in either direction


def test_the_keyboard_reaches_and_sorts(page: Chrome) -> None:
    page.find_element(By.ID, "text").click()
    focused: list[str] = []
    for _ in range(5):
        page.switch_to.active_element.send_keys(Keys.TAB)
        active = page.switch_to.active_element
        outline = active.value_of_css_property("outline-style")
        focused.append(f"{active.tag_name} {active.text.split()[0] if active.text else ''} {outline}")
    assert focused[0].startswith("select")
    assert "button Student solid" in focused
    heading(page, "Points").send_keys(Keys.ENTER)
    assert sorting(page)["Points"] == "ascending"
    heading(page, "Points").send_keys(Keys.SPACE)
    assert sorting(page)["Points"] == "descending"


def test_filters_narrow_and_say_how_many_are_left(page: Chrome) -> None:
    everyone = len(column(page, 0))
    box, state = page.find_element(By.ID, "text"), Select(page.find_element(By.ID, "state"))
    box.send_keys("MÜLL")
    assert column(page, 0) == ["Zoë Müller"]
    assert page.find_element(By.ID, "shown").text == f"1 of {everyone} shown"
    box.send_keys(Keys.CONTROL, "a")
    box.send_keys(Keys.BACKSPACE)
    assert len(column(page, 0)) == everyone
    for value, expected in {"unusable": ["broken"], "failed": ["ours"], "changed": ["محمد علي"]}.items():
        state.select_by_value(value)
        assert column(page, 0) == expected
    state.select_by_value("awaiting")
    waiting = column(page, 0)
    assert f"awaits a reader ({len(waiting)})" in [option.text for option in state.options]
    assert 0 < len(waiting) < everyone
    state.select_by_value("")
    assert page.find_element(By.ID, "shown").text == ""


def test_a_link_leads_to_a_student_and_back_to_the_table_as_it_was(page: Chrome) -> None:
    heading(page, "Points").click()
    heading(page, "Points").click()
    page.find_element(By.ID, "text").send_keys("student 1")
    before = column(page, 0)
    page.find_element(By.LINK_TEXT, "student 10").click()
    assert page.find_element(By.TAG_NAME, "h1").text == "student 10"
    assert page.title.startswith("student 10 · ")
    page.back()
    assert column(page, 0) == before
    assert sorting(page)["Points"] == "descending"
    assert page.find_element(By.ID, "text").get_attribute("value") == "student 1"


def test_every_link_leads_somewhere(page: Chrome, out: Path) -> None:
    links = {str(each.get_attribute("href")) for each in page.find_elements(By.CSS_SELECTOR, "a[href*='students/']")}
    assert {link.rpartition("/")[2] for link in links} == {path.name for path in (out / "students").iterdir()}
    for link in sorted(links)[:3]:
        page.get(link)
        assert page.find_element(By.TAG_NAME, "h1").is_displayed()


def _pages(out: Path) -> list[Path]:
    students = [key_of(name) for name in (*NAMES, "student 20", "student 24")]
    return [out / "index.html", *(out / "students" / f"{key}.html" for key in (*students, "broken", "ours"))]


def test_nothing_is_wider_than_a_phone(page: Chrome, out: Path) -> None:
    page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", PHONE)
    for path in _pages(out):
        show(page, path)
        page.execute_script("for (const each of document.querySelectorAll('details')) each.open = true;")
        widths = page.execute_script("return [document.documentElement.scrollWidth, innerWidth]")
        assert widths == [PHONE["width"]] * 2, path.name


def test_nothing_is_wider_than_a_desktop(page: Chrome, out: Path) -> None:
    for path in _pages(out):
        show(page, path)
        assert page.execute_script("return document.documentElement.scrollWidth <= innerWidth"), path.name


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out_from_what_is_behind_it(page: Chrome, out: Path, scheme: str) -> None:
    grounds = set()
    for path in _pages(out):
        media(page, scheme=scheme)
        show(page, path)
        page.execute_script("for (const each of document.querySelectorAll('details')) each.open = true;")
        seen, faint = page.execute_script(FAINT)
        assert seen >= 5
        assert faint == [], path.name
        grounds.add(page.find_element(By.TAG_NAME, "body").value_of_css_property("background-color"))
    (ground,) = grounds
    assert ("251" in ground) == (scheme == "light")


def test_paper_shows_all_of_it_in_dark_letters(page: Chrome) -> None:
    closed = page.find_elements(By.TAG_NAME, "details")
    assert closed
    look = """
        arguments[0].open = false;
        return [arguments[0].querySelector("summary ~ *").checkVisibility(), arguments[0].clientHeight];
    """
    before = [page.execute_script(look, details) for details in closed]
    media(page, "print", scheme="dark")
    after = [page.execute_script(look, details) for details in closed]
    assert [visible for visible, _ in before] == [False] * len(closed)
    assert [visible for visible, _ in after] == [True] * len(closed)
    assert all(open_height > height + 10 for (_, height), (_, open_height) in zip(before, after, strict=True))
    for unneeded in ("nav", "form"):
        assert not page.find_element(By.TAG_NAME, unneeded).is_displayed()
    colour = page.find_element(By.TAG_NAME, "body").value_of_css_property("color")
    assert colour == "rgba(29, 31, 36, 1)"


def test_the_policy_keeps_everything_else_out(browser: Chrome, out: Path) -> None:
    show(browser, out / "index.html")
    violations: list[Any] = browser.execute_async_script("""
        const done = arguments[0], seen = [];
        document.addEventListener("securitypolicyviolation", (event) => {
            seen.push(event.effectiveDirective);
            if (seen.length === 3) done(seen.sort());
        });
        const image = new Image();
        image.src = "data:image/gif;base64,R0lGODlhAQABAAAAACw=";
        const script = document.createElement("script");
        script.text = "window.obeyed = true";
        const style = document.createElement("style");
        style.textContent = "body { display: none }";
        document.body.append(image, script, style);
    """)
    assert [violation.removesuffix("-elem") for violation in violations] == ["img-src", "script-src", "style-src"]
    assert browser.execute_script("return window.obeyed === undefined")
    log(browser, "browser")


def test_hostile_text_is_shown_and_obeyed_by_nobody(browser: Chrome, tmp_path: Path, assignment: Assignment) -> None:
    write_pages(tmp_path, hostile_class(tmp_path, assignment, "\n".join(HOSTILE)))
    log(browser, "browser")
    for path in sorted(tmp_path.rglob("*.html")):
        show(browser, path)
        assert "<script>alert(1)</script>" in browser.find_element(By.TAG_NAME, "body").text
        assert browser.find_elements(By.CSS_SELECTOR, "img, iframe, [onmouseover], [onfocus], [onerror]") == []
        assert len(browser.find_elements(By.TAG_NAME, "script")) == (path.name == "index.html")
    assert log(browser, "browser") == []

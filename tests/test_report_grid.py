"""The grid in a real browser: what it shows, and that it follows what is chosen elsewhere."""

from typing import Any

import pytest
from browsing import Open, may_stall, two_frames
from playwright.sync_api import Page
from records import make_record

pytestmark = may_stall


def box(page: Page, selector: str) -> dict[str, Any]:
    """Where an element is: x, y, width, height."""
    where = page.locator(selector).bounding_box()
    assert where is not None, selector
    return dict(where)


@pytest.mark.parametrize("more", ["", "&zoomedOut=1"])
@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ("pinned", "Nothing is pinned yet: click a cell or a patch."),
        ("matches", "No row matches: type or choose a token above."),
    ],
)
def test_a_grid_without_rows_says_why_where_the_rows_would_be(
    open_report: Open, rows: str, why: str, more: str
) -> None:
    page = open_report(make_record(), hash=f"#rows={rows}{more}")
    body, said = box(page, "#grid-body"), box(page, ".grid-empty")
    assert body["y"] < said["y"] and said["y"] + said["height"] < body["y"] + 150
    assert page.locator(".grid-empty").inner_text() == why
    page.evaluate("location.hash = 'rows=all'")
    two_frames(page)
    assert not page.locator(".grid-empty").is_visible()

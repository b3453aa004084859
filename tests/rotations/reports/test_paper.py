"""The paper: printed by a real browser, on sheets of A4 that say which they are."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from django.conf import settings

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
STYLES = Path(settings.BASE_DIR) / "oncall" / "static" / "oncall.css"
LANDSCAPE = (842, 595)  # A4 in points

pytestmark = [
    pytest.mark.usefixtures("world", "leave_taken"),
    pytest.mark.skipif(not CHROMIUM, reason="no Chromium found on this machine"),
]


def printed(html: str, folder: Path) -> bytes:
    """Return the PDF that the browser makes of a page, with the one stylesheet."""
    page, paper = folder / "page.html", folder / "paper.pdf"
    page.write_text(re.sub(r'href="[^"]*oncall[^"]*\.css"', f'href="{STYLES.as_uri()}"', html))
    quiet = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-pdf-header-footer"]
    command = [str(CHROMIUM), *quiet, f"--user-data-dir={folder / 'browser'}", f"--print-to-pdf={paper}", page.as_uri()]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    return paper.read_bytes()


def test_a_managers_report_prints_on_landscape_sheets(client, manager, tmp_path):
    client.force_login(manager)
    found = printed(client.get("/reports/leave/?from=2027-03-01&until=2027-04-20&print=1").content.decode(), tmp_path)
    sheets = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", found)
    assert {(round(float(width)), round(float(height))) for width, height in sheets} == {LANDSCAPE}
    assert 1 <= len(sheets) <= 6

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
LOCK = (ROOT / "requirements.lock").read_text()
PINS = {canonicalize_name(name): pinned for name, pinned in re.findall(r"^([\w.-]+)==(\S+)", LOCK, re.MULTILINE)}
GROUPS = PROJECT["dependency-groups"]
WANTED = [
    *PROJECT["project"]["dependencies"],
    *(word for group in GROUPS.values() for word in group if isinstance(word, str)),
]


@pytest.mark.parametrize("wanted", WANTED)
def test_the_lock_pins_what_the_project_names(wanted):
    requirement = Requirement(wanted)
    assert requirement.specifier.contains(PINS[canonicalize_name(requirement.name)])


def test_every_pin_has_a_hash():
    entries = re.split(r"\n(?=\w)", LOCK.strip())
    pinned = [entry for entry in entries if not entry.startswith("#")]
    assert [entry.split()[0] for entry in pinned if "--hash=sha256:" not in entry] == []


def test_the_lock_names_no_index():
    assert re.findall(r"https?://|--index-url|--extra-index-url|--find-links|file:", LOCK) == []

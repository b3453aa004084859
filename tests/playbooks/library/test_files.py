"""Playbooks as files in a folder."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from playbooks.library import files, queries, services
from playbooks.library.models import Playbook
from tests.conftest import NOW
from tests.playbooks.library.conftest import SHORT

pytestmark = pytest.mark.django_db
MD = files.SUFFIX


def run(what: str, folder) -> list[str]:
    out = StringIO()
    call_command("playbooks", what, str(folder), stdout=out, stderr=out)
    return out.getvalue().splitlines()


def refused(folder) -> list[str]:
    out = StringIO()
    with pytest.raises(CommandError, match=r"Nothing was taken in: mend the files that are named, and push again."):
        call_command("playbooks", "push", str(folder), stdout=out, stderr=out)
    return out.getvalue().splitlines()


def test_what_is_pulled_and_pushed_again_changes_nothing(tmp_path):
    assert f"p6{MD}: written" in run("pull", tmp_path)
    assert set(run("push", tmp_path)) == {f"{path.name}: unchanged" for path in tmp_path.glob("*.md")}
    assert set(Playbook.objects.values_list("revision", flat=True)) == {1}
    assert f"p6{MD}: unchanged" in run("pull", tmp_path)


def test_a_push_says_of_each_file_what_became_of_it_and_twice_changes_nothing(tmp_path):
    run("pull", tmp_path)
    (tmp_path / f"disk{MD}").write_text(SHORT)
    (tmp_path / f"p8{MD}").write_text((tmp_path / f"p8{MD}").read_text().replace("withheld by design", "withheld"))
    (tmp_path / "README.md").write_text("No playbook.")
    lines = run("push", tmp_path)
    assert {f"disk{MD}: created", f"p8{MD}: changed", f"p6{MD}: unchanged"} <= set(lines)
    assert len(lines) == 12

    assert set(run("push", tmp_path)) == {line.split(":")[0] + ": unchanged" for line in lines}
    assert Playbook.objects.get(slug="p8").revision == 2


def test_files_may_lead_to_each_other_in_any_order(tmp_path):
    (tmp_path / f"a{MD}").write_text(SHORT.replace("- no: p1", "- no: b"))
    (tmp_path / f"b{MD}").write_text(SHORT.replace("- no: p1", "- no: a"))

    assert run("push", tmp_path) == [f"a{MD}: created", f"b{MD}: created"]


def test_one_wrong_file_is_named_with_its_line_and_nothing_is_taken_in(tmp_path):
    (tmp_path / f"a{MD}").write_text(SHORT)
    (tmp_path / f"b{MD}").write_text(SHORT.replace("minutes: 2", "minutes: two"))

    assert refused(tmp_path) == [
        f"b{MD}:10: error: minutes “two” is no span of time. Write a whole number from 1 to 600."
    ]
    assert not Playbook.objects.filter(slug__in=["a", "b"]).exists()


def test_the_line_is_that_of_the_file_also_where_the_number_of_a_revision_stands_above(tmp_path):
    (tmp_path / f"a{MD}").write_text(SHORT.replace("alarms:", "revision: 1\nalarms:").replace("- no: p1", "- no: p99"))

    assert refused(tmp_path)[0].startswith(f"a{MD}:19: error: there is no playbook “p99”.")


def test_what_somebody_edited_here_is_not_written_over_until_it_was_pulled(tmp_path, ada):
    run("pull", tmp_path)
    p8 = Playbook.objects.get(slug="p8")
    edited = queries.current(p8).source.replace("withheld by design", "kept back")
    services.revise(playbook=p8, source=edited, seen=1, by=ada, now=NOW)
    path = tmp_path / f"p8{MD}"
    path.write_text(path.read_text().replace("They **must not**", "They must not"))
    assert refused(tmp_path)[0].startswith(f"p8{MD}: error: Ada Moreno wrote revision 2 at 23 Mar 03:10 UTC;")

    run("pull", tmp_path)
    path.write_text(path.read_text().replace("They **must not**", "They must not"))
    assert f"p8{MD}: changed" in run("push", tmp_path)
    assert "kept back" in queries.current(Playbook.objects.get(slug="p8")).source


@pytest.mark.parametrize(
    "name", [f"P6{MD}", f"p 6{MD}", f"<svg onload=alert(1)>{MD}", f"declare{MD}", f".{MD}", f"p6\n{MD}", f"é{MD}"]
)
def test_a_file_whose_name_is_no_short_name_is_refused(name):
    with pytest.raises(files.NothingTaken) as caught:
        files.push(files={name: SHORT}, now=NOW)

    assert caught.value.reports == [
        files.Report(name, "error", words="the name of the file is no short name. Call it as in p6, with .md behind.")
    ]


def test_a_link_to_another_file_is_not_followed(tmp_path):
    (tmp_path / "secret").write_text(SHORT)
    (tmp_path / f"a{MD}").symlink_to(tmp_path / "secret")

    assert refused(tmp_path) == [f"a{MD}: error: it is no plain file. Put the file itself there."]


def test_a_file_in_another_alphabet_s_bytes_is_refused_with_its_line(tmp_path):
    (tmp_path / f"a{MD}").write_bytes(b"---\ntitle: \xe9\n")

    assert refused(tmp_path) == [f"a{MD}: error: line 2 is no UTF-8. Save it as UTF-8."]


def test_a_pull_leaves_files_of_others_as_they_are(tmp_path):
    (tmp_path / f"mine{MD}").write_text("x")

    assert f"mine{MD}: no playbook in use is called so; left as it is" in run("pull", tmp_path)
    assert (tmp_path / f"mine{MD}").read_text() == "x"


HEAD = "---\ntitle: A\n---\n## 1. Look\n"


@pytest.mark.parametrize(
    ("source", "kept"),
    [
        ("---\ntitle: A\nrevision: 3\n---\n## 1. Look\n", HEAD),
        ("---\ntitle: A\n revision: 3\n---\n## 1. Look\n", HEAD),
        ("---\ntitle: A\n--- \n## 1. Look\n\n---\nrevision: 4\n", HEAD + "\n---\nrevision: 4\n"),
        ("--- \ntitle: A\n---\n## 1. Look\n", HEAD),
        (HEAD + "x" * (100_000 - len(HEAD) - 1) + "\n", HEAD + "x" * (100_000 - len(HEAD) - 1) + "\n"),
    ],
    ids=["a revision", "a revision, indented", "a blank behind the last rule", "behind the first", "the longest"],
)
def test_what_was_written_in_the_browser_is_kept_bare_and_pushed_unchanged(tmp_path, ada, source, kept):
    services.create(slug="aa", source=source, by=ada, now=NOW)
    run("pull", tmp_path)

    assert f"aa{MD}: unchanged" in run("push", tmp_path)
    assert queries.current(Playbook.objects.get(slug="aa")).source == kept


def test_a_file_of_a_revision_that_is_not_there_writes_over_nothing(tmp_path, ada):
    playbook = services.create(slug="aa", source=HEAD, by=None, now=NOW, is_from_file=True)
    services.revise(playbook=playbook, source=HEAD.replace("Look", "Look twice"), seen=1, by=ada, now=NOW)
    (tmp_path / f"aa{MD}").write_text("---\ntitle: A\nrevision: 9\n---\n## 1. Old words\n")

    words = "revision 9 is not known here, where 2 is the newest. Pull, and write yours on top of what is there."
    assert refused(tmp_path) == [f"aa{MD}: error: {words}"]


def test_a_file_of_a_playbook_out_of_use_is_passed_over_unless_it_says_something_else(tmp_path):
    run("pull", tmp_path)
    services.retire(playbook=Playbook.objects.get(slug="p8"), now=NOW)
    lines = run("push", tmp_path)
    assert f"p8{MD}: passed over: it is out of use" in lines
    assert f"p6{MD}: unchanged" in lines

    (tmp_path / f"p8{MD}").write_text(HEAD)
    assert refused(tmp_path)[0].startswith(f"p8{MD}: error: it is out of use, and the file says something else. Delete")

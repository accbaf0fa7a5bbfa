"""An operator's folder: whatever is wrong in a file of it, the file is named and nothing else breaks."""

import re
from pathlib import Path

import pytest

from bot.building import collect_own
from bot.errors import DataError
from bot.knowledge import load_knowledge, read_built

PROVIDER = "id: ours\nfamily: ours\nname: Ours\nkind: mta\n"
FILES = (
    "phrases/mailbox-full.yaml", "providers/ours.yaml", "codes/reply.yaml", "codes/enhanced.yaml", "text/en/reply.yaml",
    "text/en/ui.yaml", "text/en/enhanced.yaml", "text/en/providers/ours.yaml", "text/en/causes/mailbox-full.yaml",
)  # fmt: skip
ODD = (
    "[1, 2]", "hello", "12", "- 5", "{a: b}", "rules: [{id: x, text: [y z]}]", "cause: mailbox-full\nrules: 5",
    "cause: mailbox-full\nrules: [5]", "cause: [a]\nrules: [{id: x, text: [y z]}]", PROVIDER + "entries: 5", PROVIDER + "entries: [5]",
    PROVIDER + "recognise: [a]", "codes: [5]", "codes: [{code: 555, causes: 5}]", "codes: [{code: 555, who: 5}]", "ours/x: {steps: [{a: b}]}",
)  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_any_form_is_read_or_refused(tmp_path: Path, name: str) -> None:
    """Never with another fault than one that names it, or the folder of words it is in."""
    path, built = tmp_path / name, read_built()
    path.parent.mkdir(parents=True)
    refused = 0
    for text in ODD:
        path.write_text(text, "utf-8")
        try:
            collect_own(tmp_path, built)
        except DataError as error:
            refused += 1
            assert path.name in str(error) or (name.startswith("text") and "text: " in str(error))
    assert refused >= 3


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("providers/ours.yaml", "id: ours\n  name: [\n", r"ours\.yaml:2:7: "),
        ("providers/ours.yaml", PROVIDER + "entries:\n- {id: ours/x, text: [a b], cause: nope}\n", r"ours\.yaml:6:3: entry ours/x: unknown cause 'nope'"),
        ("phrases/own.yaml", "rules:\n- {id: x, text: [y z]}\n", r"own\.yaml:1:1: `cause` is missing"),
        ("codes/reply.yaml", "hello\n", r"reply\.yaml:1:1: a list of codes is expected"),
        ("text/en/reply.yaml", "- 5\n", r"reply\.yaml:1:1: a mapping is expected"),
        ("codes/reply.yaml", "- 5\n", r"reply\.yaml:1:1: not in the form that data/README\.md describes"),
    ],
)  # fmt: skip
def test_the_place_is_named(tmp_path: Path, name: str, text: str, told: str) -> None:
    """File, line and column."""
    path = tmp_path / name
    path.parent.mkdir(parents=True)
    path.write_text(text, "utf-8")
    with pytest.raises(DataError) as refused:
        load_knowledge(tmp_path)
    assert re.search(told, str(refused.value)), refused.value

"""From the text of an ini file to a value."""

import pytest

from demoapp.sessions.ini import Ini, SettingsError


@pytest.mark.parametrize(("text", "flag"), [("false", False), ("Off", False), ("1", True)])
def test_flag_is_no_truthy_string(text: str, flag: bool) -> None:
    assert Ini({"demo.labs": text}).flag("demo.labs", not flag) is flag
    assert Ini({}).flag("demo.labs", flag) is flag


def test_flag_of_another_kind() -> None:
    with pytest.raises(SettingsError, match=r"demo\.labs = 'maybe' is not one of: true, false"):
        Ini({"demo.labs": "maybe"}).flag("demo.labs", True)

# SPDX-License-Identifier: Apache-2.0
"""Configuration files: where they are found, which wins, and how errors name them."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from cpppo import config
from cpppo.config import Config, ConfigError, Section, candidates, found

File = Callable[[str, str], str]


@pytest.fixture
def file(tmp_path: Path) -> File:
    """Writes a file, and gives its path."""

    def write(name: str, text: str) -> str:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return str(path)

    return write


@pytest.fixture
def section(file: File) -> Callable[[str], Section]:
    """The section [S] of a file that holds these lines."""

    def make(text: str) -> Section:
        return Config([file("a.cfg", f"[S]\n{text}\n")]).section("S")

    return make


# -- where


@pytest.mark.skipif(os.name == "nt", reason="the folders of POSIX")
def test_the_places_are_package_system_home_and_here() -> None:
    package = os.path.dirname(config.__file__)
    assert candidates("some.cfg", {"HOME": "/home/me"}) == [
        os.path.join(package, "some.cfg"),
        "/etc/some.cfg",
        "/home/me/.cpppo/some.cfg",
        "/home/me/.some.cfg",
        "some.cfg",
    ]


def test_what_is_there_is_found_in_order(
    file: File, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = file(".cpppo/some.cfg", ""), file(".some.cfg", "")
    file("here/some.cfg", "")
    extra = file("extra.cfg", "")
    monkeypatch.chdir(tmp_path / "here")
    files = found("some.cfg", [extra], {"HOME": str(tmp_path)})
    assert files == [*home, "some.cfg", extra]


def test_one_file_in_two_places_is_read_once(
    file: File, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = file(".cpppo/some.cfg", "")
    monkeypatch.chdir(tmp_path / ".cpppo")
    assert found("some.cfg", (), {"HOME": str(tmp_path)}) == [path]


def test_without_a_name_only_what_is_given_is_found(file: File) -> None:
    extra = file("extra.cfg", "")
    assert found(None, [extra]) == [extra]


def test_a_file_that_is_given_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no configuration file '.*nowhere\.cfg'"):
        found(None, [str(tmp_path / "nowhere.cfg")])


# -- what


def test_a_later_file_wins_key_by_key(file: File) -> None:
    first = file("1.cfg", "[S]\na = 1\nb = 2\n")
    second = file("2.cfg", "[S]\nB = 3\n")
    both = Config([first, second]).section("S")
    assert (both.text("A"), both.text("b")) == ("1", "3")


def test_without_files_everything_is_a_default() -> None:
    nothing = Config().section("S")
    nothing.only(())
    assert nothing.text("a") is None
    assert nothing.json("a") is None
    assert "a" not in nothing


def test_comments_stand_after_values_too(section: Callable[[str], Section]) -> None:
    lines = "# one\na = 5 # two\n; three\nb = x#y"
    assert section(lines).integer("a", 0, 9) == 5
    assert section(lines).text("b") == "x#y"


def test_a_value_may_have_several_lines(section: Callable[[str], Section]) -> None:
    value = section('a = {\n    "b": [1,  # one\n\n      2]\n  }').json("a")
    assert value == {"b": [1, 2]}


def test_a_value_may_refer_to_another(file: File) -> None:
    path = file("a.cfg", "[Net]\nhost = plc\n[S]\na = ${Net:host}:${port} $$\nport = 1")
    assert Config([path]).section("S").text("a") == "plc:1 $"


@pytest.mark.parametrize(
    ("text", "value"), [("54", 54), ("0x36", 54), ("0X0b14", 0xB14), (" 007 ", 7)]
)
def test_whole_numbers_are_decimal_or_hexadecimal(
    section: Callable[[str], Section], text: str, value: int
) -> None:
    assert section(f"a = {text}").integer("a", 0, 0xFFFF) == value


@pytest.mark.parametrize(("text", "value"), [("Yes", True), ("0", False)])
def test_a_flag_is_yes_or_no(
    section: Callable[[str], Section], text: str, value: bool
) -> None:
    assert section(f"a = {text}").flag("a") is value


def test_numbers_have_fractions(section: Callable[[str], Section]) -> None:
    assert section("a = .5").number("a") == 0.5


# -- what is wrong


@pytest.mark.parametrize(
    ("ask", "text", "problem"),
    [
        (
            lambda s: s.integer("a", 0, 9),
            "10",
            "'10' is not a whole number from 0 to 9",
        ),
        (lambda s: s.integer("a", 0, 9), "ten", "'ten' is not a whole number"),
        (lambda s: s.number("a"), "x", "'x' is not a number, such as 0.5"),
        (lambda s: s.flag("a"), "perhaps", "'perhaps' is not true or false"),
        (lambda s: s.text("a", 3), "long", "'long' is not a text of up to 3"),
        (lambda s: s.text("a"), "\u20ac", "'\u20ac' is not a text of up to 255"),
        (lambda s: s.json("a"), '{\n "b" 1}', "'{ \"b\" 1}' is not JSON (Expecting"),
        (lambda s: s.text("a"), "${b}", "write $$ where a $ is meant"),
        (lambda s: s.text("a"), "$x", "write $$ where a $ is meant"),
    ],
)
def test_a_wrong_value_is_told_with_file_section_and_key(
    section: Callable[[str], Section],
    ask: Callable[[Section], object],
    text: str,
    problem: str,
) -> None:
    with pytest.raises(ConfigError) as told:
        ask(section(f"a = {text}"))
    line = str(told.value)
    assert "a.cfg: [S] a: " in line
    assert problem in line
    assert "\n" not in line


def test_a_wrong_value_is_told_with_the_file_that_says_it(file: File) -> None:
    files = [file("1.cfg", "[S]\na = x"), file("2.cfg", "[S]\nb = x")]
    both = Config(files).section("S")
    with pytest.raises(ConfigError, match=r"1\.cfg: \[S\] a: "):
        both.integer("a", 0, 1)
    with pytest.raises(ConfigError, match=r"2\.cfg: \[S\] b: "):
        both.integer("b", 0, 1)


def test_an_unknown_key_is_refused(section: Callable[[str], Section]) -> None:
    with pytest.raises(ConfigError, match=r"a\.cfg: \[S\] colour: .* Color, Size"):
        section("color = 1\ncolour = 2").only(("Color", "Size"))


def test_keys_of_the_default_section_are_not_unknown(file: File) -> None:
    path = file("a.cfg", "[DEFAULT]\nhost = plc\n[S]\na = ${host}\n")
    one = Config([path]).section("S")
    one.only(("a",))
    assert one.text("a") == "plc"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a = 1", r"no section headers.*line: 1"),
        ("[S]\na = 1\na = 2", r"\[line  ?3\]: option 'a' .* already exists"),
        ("[S]\n[S]", r"section 'S' already exists"),
        ("[S]\nwords without any sign", r"cannot be read: \[line +2\]: 'words"),
    ],
)
def test_a_file_that_cannot_be_read_is_told_in_one_line(
    file: File, text: str, problem: str
) -> None:
    with pytest.raises(ConfigError, match=rf"a\.cfg: .*{problem}") as told:
        Config([file("a.cfg", text)])
    assert "\n" not in str(told.value)
    assert str(told.value).count("a.cfg") == 1


def test_a_file_in_another_encoding_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.cfg"
    path.write_bytes(b"[S]\na = \xff\n")
    with pytest.raises(ConfigError, match=r"a\.cfg: is no UTF-8 text"):
        Config([str(path)])


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        Config([str(tmp_path)])

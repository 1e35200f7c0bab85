"""teams.csv as organisers and spreadsheets really write it; one strange line costs nobody else anything."""

import unicodedata

import pytest

from gan.arena import teams
from gan.console.errors import UserError
from gan.contest import faults

pytest_plugins = ["cloud"]


@pytest.fixture
def read(tmp_path):
    """Writes a file, as text or bytes, and reads the teams in it."""

    def write_and_read(content):
        path = tmp_path / "teams.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return teams.read(str(path))

    return write_and_read


@pytest.fixture
def entry(read):
    """Reads a file of one line below the header."""

    def read_one(line):
        (found,) = read(f"team,path\n{line}\n")
        return found

    return read_one


def test_a_file_as_it_should_be(read, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", "/home/someone")
    found = read('team,path\nA,gs://a/model\n"B, really ""good""",b/run\nC,/data/c/model.ckpt-500\nD,~/d\n')
    assert found == [
        ("A", "gs://a/model", 2, None),
        ('B, really "good"', f"{tmp_path}/b/run", 3, None),
        ("C", "/data/c/model.ckpt-500", 4, None),
        ("D", "/home/someone/d", 5, None),
    ]


@pytest.mark.parametrize(
    "content",
    [
        b"team,path\nA,/a\nB,/b\n",
        b"team,path\nA,/a\nB,/b",
        b"\xef\xbb\xbfteam,path\r\nA,/a\r\nB,/b\r\n",
        b"team,path\rA,/a\rB,/b\r",
        b"\n\nTeam, Path\n\n A , /a \n , \n,,,\nB,/b,x,y\n\n",
        b'When,Path,Comment,Team\n1.1.,/a,"good,\nbad",A\n2.1.,/b,,B\n',
        b'"team","path"\n"A","/a"\n"B", "/b"\n',
    ],
)
def test_ways_of_writing_it(read, content):
    assert [(entry.name, entry.path, entry.fault) for entry in read(content)] == [("A", "/a", None), ("B", "/b", None)]


def test_lines_are_counted_as_an_editor_does(read):
    found = read('team,path,notes\n\nA,/a,"one\ntwo"\n\nB,/b\n,/c\n')
    assert [(entry.name, entry.line) for entry in found] == [("A", 3), ("B", 6), ("line 7", 7)]


@pytest.mark.parametrize(
    "name",
    [
        "얼굴 생성기",
        "Grüße & Küsse",
        "فريق الوجوه",
        "צוות 7",
        "<script>alert(1)</script>",
        "</td>",
        "'; DROP TABLE team; --",
        "👩‍💻 and friends",
        "=1+1",
        "Việt Nam",
        "שּׁ֖ב",  # a letter with four marks
        "ที่นี่",
        "x" * 60,
        "가" * 60,
    ],
)
def test_names_in_any_script_and_of_any_text_are_fine(entry, name):
    assert entry(f"{name},/a") == (name, "/a", 2, None)


def test_a_name_is_shown_composed_and_with_single_spaces(entry):
    apart = unicodedata.normalize("NFD", "팀 é")
    assert len(apart) > 4 and entry(f"  {apart}\u3000\u00a0 x ,/a").name == "팀 é x"
    assert entry(f"{unicodedata.normalize('NFD', '가' * 60)},/a").fault is None


@pytest.mark.parametrize(
    "line, name, fault",
    [
        (",/a", "line 2", "line 2 gives the team no name"),
        ("\u200b \u2060,/a", "line 2", "line 2 gives the team no name"),
        ("A,", "A", "line 2 gives no path of a snapshot"),
        ("A", "A", "line 2 gives no path of a snapshot"),
        ("A,/a\x07b", "A", "path in line 2 holds control characters"),
        ("A,/a\0b", "A", "path in line 2 holds control characters"),
        ("x" * 61 + ",/a", "x" * 59 + "…", "has 61 characters; at most 60"),
        ("A\x1b[31mB,/a", "A\ufffd[31mB", "name in line 2 holds control characters"),
        ("A\0B,/a", "A\ufffdB", "name in line 2 holds control characters"),
        ("A\tB,/a", "A\ufffdB", "name in line 2 holds control characters"),
        ('"A\nB",/a', "A\ufffdB", "name in line 2 holds control characters"),
        ("A\u2028B,/a", "A\ufffdB", "name in line 2 holds control characters"),
        ("A\u202eB,/a", "A\ufffdB", "turn the direction"),
        ("A\u2067B,/a", "A\ufffdB", "turn the direction"),
        ("Z" + "\u0309" * 50 + "B,/a", "Z\u0309\u0309\u0309\u0309\ufffdB", "towers of accents"),
        ("A\u200bB,/a", "AB", "characters that nobody sees: U+200B ZERO WIDTH SPACE"),
        (
            "가\u3164나\u200f,/a",
            "가나",
            "nobody sees: U+3164 HANGUL FILLER, U+200F RIGHT-TO-LEFT MARK; write it without",
        ),
        ("..,/a", "line 2", "line 2"),  # in an address of the page it is another address
        ("__proto__,/a", "line 2", "line 2"),
        ('"A,/a', "line 2", "line 2 is not CSV"),
        ('"A" B,/a', "line 2", "line 2 is not CSV"),
    ],
)
def test_what_is_wrong_with_a_line_is_its_fault(entry, line, name, fault):
    found = entry(line)
    assert found.name == name and found.line == 2
    told = faults.sentence(found.fault)
    assert fault in told and "\n" not in told


@pytest.mark.parametrize(
    "first, second",
    [
        ("Faces", "Faces"),
        ("Faces", "FACES"),
        ("Straße", "STRASSE"),
        ("é", unicodedata.normalize("NFD", "É")),
        ("My  Team", " my\u00a0team "),
        ("Faces", "Fa\u200bces"),
        ("Faces", "Ｆａｃｅｓ"),
        ("팀 1", "팀 ①"),
    ],
)
def test_of_two_alike_the_later_has_the_fault(read, first, second):
    other, one, two = read(f"team,path\nOther,/o\n{first},/a\n{second},/b\n")
    assert other.fault is None and one.fault is None
    assert two.name.endswith(" (line 4)") and "line 3 has the same name" in faults.sentence(two.fault)


def test_shown_names_are_never_equal(read):
    names = ["A", "A", "A (line 3)", "A", "", "line 6", "x" * 70, "x" * 71]
    found = read("team,path\n" + "".join(f"{name},/a\n" for name in names))
    assert len({entry.name for entry in found}) == len(names)
    assert found[0].fault is None and all(entry.fault for entry in found[1:])


def test_a_quotation_mark_without_its_other_costs_one_line_only(read):
    found = read('team,path\nA,/a\n"B,/b\nC,/c\n"D, too",/d\nE,/e\n')
    assert [(entry.name, entry.path) for entry in found if not entry.fault] == [
        ("A", "/a"),
        ("C", "/c"),
        ("D, too", "/d"),
        ("E", "/e"),
    ]
    assert [entry.name for entry in found if entry.fault] == ["line 3"]


@pytest.mark.parametrize(
    "content, told",
    [
        (b"", "begins with ''"),
        (b"A,/a\nB,/b\n", "begins with 'A,/a'; its first line must name the columns team,path"),
        (b"team;path\nA;/a\n", "begins with 'team;path'"),
        (b"team\tpath\nA\t/a\n", "with commas between, not tabs"),
        (b"team,path,Team\nA,/a,B\n", "has several columns team"),
        (b"team,path\n\n,\n", "names no team"),
        ("team,path\nA,/a\nÄ,/b\n".encode("latin-1"), "is not UTF-8 in line 3"),
        ("team,path\nA,/a\n".encode("utf-16"), "is not UTF-8 in line 1"),
    ],
)
def test_what_is_no_list_of_teams_is_told_in_one_sentence(read, content, told, tmp_path):
    with pytest.raises(UserError) as error:
        read(content)
    assert told in str(error.value) and f"--teams={tmp_path}/teams.csv" in str(error.value)
    assert "\n" not in str(error.value)


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(UserError, match=f"--teams={tmp_path}/none.csv: there is no such file"):
        teams.read(f"{tmp_path}/none.csv")


def test_paths_are_relative_to_the_file_not_to_where_one_stands(tmp_path, monkeypatch):
    (tmp_path / "contest").mkdir()
    (tmp_path / "contest" / "teams.csv").write_text("team,path\nA,a\nB,../b\n")
    monkeypatch.chdir(tmp_path)
    assert [entry.path for entry in teams.read("contest/teams.csv")] == ["contest/a", "contest/../b"]
    monkeypatch.chdir(tmp_path / "contest")
    assert [entry.path for entry in teams.read("teams.csv")] == ["a", "../b"]


def test_from_a_bucket(emulator, bucket):
    emulator.write(bucket, "contest/teams.csv", b"team,path\nA,a\nB,gs://b/model\nC,/c\n")
    found = teams.read(f"gs://{bucket}/contest/teams.csv")
    assert [entry.path for entry in found] == [f"gs://{bucket}/contest/a", "gs://b/model", "/c"]
    with pytest.raises(UserError, match="there is no such file"):
        teams.read(f"gs://{bucket}/none.csv")

"""What only one system can do or decides by itself: encodings that a system chooses, and calls that Windows or macOS lack."""

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SOURCES = [*sorted((ROOT / "workbench").rglob("*.py")), *sorted((ROOT / "notebooks" / "src").glob("*.py"))]
TEXT = {"read_text": 0, "write_text": 1}  # where the encoding stands among the arguments
LACKING = {"os.fork", "os.getuid", "os.mkfifo", "os.symlink", "os.uname", "signal.SIGKILL", "signal.alarm",
           "os.kill"}  # which on Windows ends a process, whatever the signal  # fmt: skip


def said(node: ast.Call, place: int) -> bool:
    """Whether a call names its encoding, at this place or by name."""
    return len(node.args) > place or any(k.arg in ("encoding", None) for k in node.keywords)


def faults(source: str) -> list[str]:
    """Sentences on what would be otherwise on another system."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if name in TEXT and not said(node, TEXT[name]):
                found.append(f"line {node.lineno}: {name} in the encoding of the system")
            if isinstance(node.func, ast.Name) and name == "open":
                mode = next(
                    (k.value for k in node.keywords if k.arg == "mode"), node.args[1] if len(node.args) > 1 else None
                )
                if "b" not in str(getattr(mode, "value", "r")) and not said(node, 3):
                    found.append(f"line {node.lineno}: open in the encoding of the system")
        if isinstance(node, ast.Attribute) and ast.unparse(node) in LACKING:
            found.append(f"line {node.lineno}: {ast.unparse(node)}")
        if isinstance(node, ast.Import) and {a.name for a in node.names} & {
            "fcntl",
            "resource",
            "pwd",
            "grp",
            "termios",
        }:
            found.append(f"line {node.lineno}: import {node.names[0].name}")
    return found


def test_nothing_is_left_to_the_system_that_differs_from_system_to_system():
    found = {path.relative_to(ROOT).as_posix(): faults(path.read_text("utf-8")) for path in SOURCES}
    assert len(found) > 250 and {path: wrong for path, wrong in found.items() if wrong} == {}


def test_the_faults_are_found():
    wrong = [
        "p.read_text()",
        "p.write_text(x)",
        "open(p)",
        "open(p, 'w')",
        "os.kill(1, 0)",
        "import fcntl",
        "signal.SIGKILL",
    ]
    right = [
        "p.read_text('utf-8')",
        "p.write_text(x, encoding='utf-8')",
        "open(p, 'rb')",
        "open(p, encoding='utf-8')",
        "self.open()",
    ]
    assert all(faults(line) for line in wrong) and not any(faults(line) for line in right)


def test_git_leaves_every_byte_as_it_is():
    """Git for Windows would give the lines of data, notebooks and vocabularies another end."""
    assert "* -text" in (ROOT / ".gitattributes").read_text("utf-8").splitlines()
    for path in [
        *(ROOT / "data").rglob("*.csv"),
        *(ROOT / "data").rglob("*.json"),
        *(ROOT / "notebooks").glob("*.ipynb"),
    ]:
        assert b"\r\n" not in path.read_bytes(), path.name

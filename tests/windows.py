"""What Windows refuses, imitated on Linux: removing or replacing a file that this process has open or mapped into its memory."""

import os
import shutil
import stat

LINUX = os.path.isdir("/proc/self/fd")


def held() -> dict[tuple[int, int], str]:
    """The files that this process has open or mapped, by device and number: a hard link is the same file."""
    found = {}
    for number in os.listdir("/proc/self/fd"):
        try:
            about = os.stat(f"/proc/self/fd/{number}")
        except OSError:
            continue
        if stat.S_ISREG(about.st_mode):
            found[about.st_dev, about.st_ino] = "open"
    with open("/proc/self/maps") as lines:
        for line in lines:
            parts = line.split(None, 5)
            if parts[4] != "0":
                major, minor = (int(half, 16) for half in parts[3].split(":"))
                found[os.makedev(major, minor), int(parts[4])] = "mapped"
    return found


def refuse(monkeypatch, into: list[str]) -> None:
    """From now on such a file cannot be removed or replaced, nor a folder renamed in which one is open; `into` gets their names."""
    if not LINUX:
        return  # Windows does it by itself
    real = {name: getattr(os, name) for name in ("unlink", "replace", "rename")}

    def check(path, whole=False):
        files = [os.path.join(root, f) for root, _, names in os.walk(path) for f in names] if whole else [path]
        holds = held()
        for file in files:
            about = os.lstat(file) if os.path.lexists(file) else None
            how = holds.get((about.st_dev, about.st_ino)) if about else None
            if how == "open" or (how and not whole):
                into.append(os.path.basename(file))
                raise PermissionError(
                    13, "The process cannot access the file because it is being used by another process", file
                )

    def unlink(path, *, dir_fd=None):
        check(path)
        real["unlink"](path, dir_fd=dir_fd)

    def moved(name):
        def move(source, target):
            check(source, os.path.isdir(source))
            check(target)
            if os.path.isdir(target) or (name == "rename" and os.path.lexists(target)):
                into.append(os.path.basename(target))
                raise PermissionError(13, "Access is denied", target)
            real[name](source, target)

        return move

    monkeypatch.setattr(shutil, "_use_fd_functions", False)  # so that a tree is removed file by file, through os.unlink
    monkeypatch.setattr(os, "unlink", unlink)
    monkeypatch.setattr(os, "replace", moved("replace"))
    monkeypatch.setattr(os, "rename", moved("rename"))

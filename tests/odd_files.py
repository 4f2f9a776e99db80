"""What must come of a file whatever is in it: data, or a WorkbenchError. For the tests that make odd files by chance."""

import warnings

import workbench as wb


def data_or_a_sentence(path, seed):
    """Whether a file is read as data; anything but data and a WorkbenchError of moderate length is a failure that names the seed."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            data = wb.load(path)
    except wb.WorkbenchError as error:
        assert error.found and len(str(error)) < 4000
        return False
    except BaseException as error:
        raise AssertionError(f"seed {seed}, {path.suffix}: {path.read_bytes()[:4000]!r}") from error
    assert len(data["train"]) and len(data["validation"]) and data.task
    return True

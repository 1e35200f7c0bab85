"""Downloads the archive of LFW; a download that broke off is continued, not begun again."""

import errno
import http.client
import os
import urllib.error
import urllib.request

from gan.console.errors import DataError, UserError
from gan.console.progress import Progress
from gan.storage import files

# The funneled pictures, from the mirror and with the checksum that scikit-learn uses.
LFW_ARCHIVE = "lfw-funneled.tgz"
LFW_URL = "https://ndownloader.figshare.com/files/5976015"
LFW_SHA256 = "b47c8422c8cded889dc5a13418c4bc2abbda121092b3533a83306f90d900100a"
_DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)  # those of a network are others
_TIMEOUT = 30  # seconds without a byte, after which a download is given up


def download(url: str, sha256: str, path: str) -> None:
    """Fetches a file unless it is there.

    Args:
        url: of the file.
        sha256: of its content, in hexadecimal digits.
        path: where it goes. Until it is whole and checked, it is at path.part: the next try goes on from there.

    Raises:
        UserError: the network or the server failed; what came so far is kept.
        DataError: the file at `path` or at the URL has another checksum.
    """
    if os.path.exists(path):
        if files.sha256_of(path) != sha256:
            raise DataError(f"{path} is another file than {url} (its SHA-256 differs); move it away")
        return
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    part = path + ".part"
    try:
        _fetch(url, part)
    except (OSError, http.client.HTTPException) as error:
        if isinstance(error, OSError) and (error.filename == part or error.errno in _DISK_ERRORS):
            raise UserError(f"{part}: {error.strerror}; with more room the same command goes on from there") from error
        # An HTTPError's own text has the status; other URLErrors wrap another error.
        reason = error if isinstance(error, urllib.error.HTTPError) else getattr(error, "reason", error)
        advice = "the same command goes on from there; or get the file by other means and give it as --input"
        raise UserError(f"{url}: {reason}; {advice}") from error
    if files.sha256_of(part) != sha256:
        os.remove(part)
        raise DataError(f"{url}: what came is damaged or another file (its SHA-256 differs), and was deleted")
    os.replace(part, path)


def _fetch(url: str, part: str) -> None:
    """Downloads to the end of a file, which may hold the beginning already."""
    have = os.path.getsize(part) if os.path.exists(part) else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})
    try:
        response = urllib.request.urlopen(request, timeout=_TIMEOUT)
    except urllib.error.HTTPError as error:
        if error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            return  # nothing is left to fetch; the checksum tells whether it is right
        raise
    with response:
        if response.status not in (http.HTTPStatus.OK, http.HTTPStatus.PARTIAL_CONTENT):
            raise OSError(f"the server answered {response.status} {response.reason}")
        if response.status == http.HTTPStatus.OK:
            have = 0
        length = response.headers.get("Content-Length")
        total = have + int(length) if length else None
        title = f"downloading {os.path.basename(part).removesuffix('.part')}"
        with open(part, "ab" if have else "wb") as file, Progress(title, total, "byte", have, scale=True) as progress:
            while block := response.read(1 << 18):
                file.write(block)
                progress.update(len(block))
            if total is not None and file.tell() < total:
                raise OSError(f"the connection broke off after {file.tell()} of {total} bytes")

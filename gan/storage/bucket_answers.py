"""What a bucket's refusal means: its status and words become an error that says what its owner can do.

A setting of one bucket is told apart from what may be the fault of whoever asks: the credentials, or the network.
"""

import http

from gan.console.errors import BucketRefused, BucketSilent, Fault, NoPermission, UserError

_ASK_AGAIN = {http.HTTPStatus.REQUEST_TIMEOUT, http.HTTPStatus.TOO_MANY_REQUESTS}
_CLOSED = {http.HTTPStatus.UNAUTHORIZED, http.HTTPStatus.FORBIDDEN}


def error_of(path: str, status: int | None, words: str) -> UserError:
    """The error for an answer.

    Args:
        path: gs:// path that was asked for.
        status: of HTTP; None if the server failed in another way.
        words: what the answer says, in JSON or not. Nobody but the organiser sees them: they name accounts.

    Returns:
        BucketSilent if to ask again may help, else BucketRefused.
    """
    said = (words.strip().splitlines() or [""])[0]
    if status is None or status in _ASK_AGAIN or status >= http.HTTPStatus.INTERNAL_SERVER_ERROR:
        return BucketSilent(f"{path}: the network or the server failed ({said}); try again")
    setting = _setting(path.rpartition("/")[2], words.casefold())
    if setting is not None:
        return BucketRefused(f"{path}: the bucket refuses ({said})", setting, is_certain=True)
    if status in _CLOSED:
        return NoPermission(f"{path}: no permission ({said}); the bucket's owner can give it to this account")
    return BucketRefused(f"{path}: the bucket refuses ({said})", Fault("bucket_refused", {"status": int(status)}))


def _setting(file: str, words: str) -> Fault | None:
    """The setting of a bucket, or of a file in it, that an answer in small letters tells of; None if it tells of none.

    The words are those of Google's JSON and XML interfaces.
    """
    if "requester pays" in words or "userprojectmissing" in words:
        return Fault("bucket_requester_pays", {})
    if "customer-supplied encryption" in words or "customerencryptionkey" in words or "customer-encrypted" in words:
        return Fault("bucket_customer_key", {"file": file})
    if "cloud kms" in words or "cloudkms" in words or "kmskey" in words or "cryptokey" in words:
        return Fault("bucket_managed_key", {"file": file})
    if "retention policy" in words or "retentionpolicy" in words or "object hold" in words or "under hold" in words:
        return Fault("bucket_retention", {"file": file})
    if "billing account" in words or "accountdisabled" in words or "userprojectaccountproblem" in words:
        return Fault("bucket_billing", {})
    if "archived" in words or "invalidobjectstate" in words:
        return Fault("bucket_archived", {"file": file})
    return None

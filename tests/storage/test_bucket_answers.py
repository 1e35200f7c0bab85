"""What a bucket's answer becomes: whose fault it is, and what the team is told."""

import pytest

from gan.arena import notes  # noqa: F401 - the sentences
from gan.console.errors import BucketRefused, BucketSilent, NoPermission
from gan.contest import faults
from gan.storage import bucket_answers

PATH = "gs://team/model/checkpoint"
XML = "<Error><Code>{}</Code><Message>x</Message></Error>"


@pytest.mark.parametrize(
    "status, words, remedy",
    [
        (400, XML.format("UserProjectMissing"), "turn requester pays off"),
        (400, XML.format("ResourceIsEncryptedWithCustomerEncryptionKey"), "checkpoint is encrypted with a key"),
        (403, "Object 'a' is subject to bucket's retention policy and cannot be deleted", "take the policy off"),
        (403, "Permission denied on Cloud KMS key", "enable the key"),
        (403, XML.format("UserProjectAccountProblem"), "billing account"),
    ],
)
def test_a_setting_is_told_with_its_remedy(status, words, remedy):
    error = bucket_answers.error_of(PATH, status, words)
    assert isinstance(error, BucketRefused) and error.is_certain
    assert remedy in faults.sentence(error.fault) and "gs://" not in faults.sentence(error.fault)


@pytest.mark.parametrize("status", [None, 408, 429, 500, 502, 503, 504])
def test_to_ask_again_may_help(status):
    assert isinstance(bucket_answers.error_of(PATH, status, "Backend Error"), BucketSilent)


@pytest.mark.parametrize("status", [401, 403])
def test_no_permission_may_be_the_organiser_s_fault(status):
    error = bucket_answers.error_of(PATH, status, "arena@x.iam.gserviceaccount.com has no access\nmore")
    assert isinstance(error, NoPermission) and not error.is_certain
    assert "gserviceaccount" in str(error) and "gserviceaccount" not in faults.sentence(error.fault)


@pytest.mark.parametrize("status", [400, 409, 410, 412, 451])
def test_any_other_answer_is_about_its_bucket_if_others_can_be_read(status):
    error = bucket_answers.error_of(PATH, status, "")
    assert isinstance(error, BucketRefused) and not error.is_certain and str(status) in faults.sentence(error.fault)

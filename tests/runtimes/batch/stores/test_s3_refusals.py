"""S3 that refuses for good: said at once, with what to do; nothing is tried again, nothing written."""

import pytest

from runtimes.batch.errors import JobError
from runtimes.batch.stores.s3 import S3
from tests.runtimes.batch.stores.buckets import QUICK, Bucket
from tests.runtimes.batch.stores.faulty import Answer, Strip
from tests.runtimes.batch.stores.test_s3 import LARGE, planned, publish

FOR_GOOD: dict[str, tuple[Answer, str, str]] = {
    "denied": (Answer(403, "AccessDenied", "Access Denied"), "is denied: Access Denied", "s3:PutObject"),
    "key": (Answer(403, "InvalidAccessKeyId"), "AWS does not know the access key", "AWS_PROFILE"),
    "secret": (Answer(403, "SignatureDoesNotMatch"), "the secret key does not fit", "AWS_PROFILE"),
    "expired": (Answer(400, "ExpiredToken"), "have expired", "renew"),
    "clock": (Answer(403, "RequestTimeTooSkewed"), "clock is wrong", "set the clock"),
    "bucket": (Answer(404, "NoSuchBucket"), "there is no bucket bucket-", "--endpoint-url"),
    "archived": (Answer(403, "InvalidObjectState"), "is archived", "restore it"),
    "kms": (
        Answer(403, "AccessDenied", "not authorized to perform: kms:Decrypt on resource"),
        "denied by the bucket's key",
        "kms:Decrypt",
    ),
    "kms disabled": (Answer(400, "KMS.DisabledException"), "denied by the bucket's key", "kms:Decrypt"),
    "region": (
        Answer(301, "PermanentRedirect", headers={"x-amz-bucket-region": "eu-central-1"}),
        "is in another region",
        "AWS_REGION",
    ),
    "elsewhere": (
        Answer(301, headers={"Location": "https://elsewhere.example"}, body=b""),
        "sends every request elsewhere",
        "--endpoint-url",
    ),
    "lacking": (Answer(501, "NotImplemented"), "does not know what the job needs", "conditional writes"),
    "unknown": (Answer(418, "Teapot", "short and stout"), "refused: 418 Teapot: short and stout", "rights"),
}


@pytest.mark.parametrize(("answer", "sentence", "hint"), FOR_GOOD.values(), ids=FOR_GOOD)
def test_refusals_for_good_are_said_at_once(
    bucket: Bucket, store: S3, answer: Answer, sentence: str, hint: str
) -> None:
    file = planned(store, bucket.put("in/a.bin", b"some bytes"))
    bucket.faulty.inject(answer, times=None)
    for run in (
        lambda: publish(store, bucket.uri("part"), b"whole"),
        lambda: store.create(bucket.uri("marker"), b"{}"),
        lambda: store.find(bucket.uri("in/")),
        lambda: store.open(file).read(),
        lambda: store.local(file, ((0, 9),)).__enter__(),
    ):
        with pytest.raises(JobError, match=sentence) as refused:
            run()
        assert refused.value.exit_code == 2 and hint in refused.value.hint
    assert store.traffic.retries == 0
    assert bucket.all_keys() == ["in/a.bin"]


def test_a_bucket_that_does_not_exist_is_named(bucket: Bucket, store: S3) -> None:
    for run in (
        lambda: store.find("s3://no-such-bucket-here/in"),
        lambda: store.find("s3://no-such-bucket-here/in/*.csv"),
        lambda: store.read("s3://no-such-bucket-here/in"),
        lambda: store.sizes("s3://no-such-bucket-here/in"),
        lambda: store.create("s3://no-such-bucket-here/in", b"x"),
        lambda: publish(store, "s3://no-such-bucket-here/in", b"x"),
    ):
        with pytest.raises(JobError, match="there is no bucket no-such-bucket-here") as refused:
            run()
        assert refused.value.exit_code == 2


def test_a_bare_403_is_a_refusal(bucket: Bucket, store: S3) -> None:
    bucket.faulty.inject(Answer(403, body=b""), method="HEAD")
    with pytest.raises(JobError, match=r"listing s3://.* is denied: Forbidden") as refused:
        store.find(bucket.uri("a.csv"))
    assert "s3:ListBucket" in refused.value.hint


def test_a_prefix_may_be_denied_as_a_key(bucket: Bucket, store: S3) -> None:
    uri = bucket.put("in/a.csv", b"abc")
    bucket.faulty.inject(Answer(403, body=b""), method="HEAD", times=None)
    assert [one.uri for one in store.find(bucket.uri("in"))] == [uri]


def test_no_credentials_are_no_matter_of_patience(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    store = S3(bucket.url, None, QUICK)
    with pytest.raises(JobError, match="there are no credentials for s3://") as refused:
        store.find(bucket.uri("in/"))
    assert refused.value.exit_code == 2 and "AWS_PROFILE" in refused.value.hint
    store.close()


def test_a_profile_that_does_not_exist_is_named(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(JobError, match="nobody") as refused:
        S3(bucket.url, None, QUICK).find(bucket.uri("in/"))
    assert refused.value.exit_code == 2


@pytest.mark.parametrize("url", ["localhost:9000", "http://", "not a url"])
def test_an_endpoint_that_is_none_is_refused(bucket: Bucket, url: str) -> None:
    with pytest.raises(JobError, match="S3 cannot be used") as refused:
        S3(url, None, QUICK).find(bucket.uri("in/"))
    assert "--endpoint-url" in refused.value.hint


def test_a_bucket_of_another_region_is_followed_there(bucket: Bucket, store: S3) -> None:
    bucket.put("a.csv", b"abc")
    moved = Answer(301, "PermanentRedirect", headers={"x-amz-bucket-region": "eu-central-1"})
    bucket.faulty.inject(moved, method="GET")
    assert store.read(bucket.uri("a.csv")) == b"abc"
    assert "/eu-central-1/s3/" in bucket.faulty.seen[-1].headers["Authorization"]


def test_a_store_that_ignores_ranges_is_refused(bucket: Bucket, store: S3) -> None:
    file = planned(store, bucket.put("large.bin", LARGE))
    bucket.faulty.inject(Answer(200, body=LARGE), method="GET", times=None)
    with pytest.raises(JobError, match="does not answer with parts"), store.local(file, ((9, 10),)):
        pass


def test_a_store_without_conditional_writes_is_refused(bucket: Bucket, store: S3) -> None:
    bucket.faulty.inject(Strip("If-None-Match"), method="PUT", times=None)
    with pytest.raises(JobError, match="in spite of If-None-Match") as refused:
        store.create(bucket.uri("marker"), b"{}")
    assert refused.value.exit_code == 2


def test_a_bucket_with_an_impossible_name_is_refused(bucket: Bucket, store: S3) -> None:
    for uri in ("s3://no bucket/in", "s3:///in"):
        with pytest.raises(JobError, match="bucket") as refused:
            store.find(uri)
        assert refused.value.exit_code == 2 and "s3://" in refused.value.message

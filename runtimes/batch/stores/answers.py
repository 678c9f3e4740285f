"""What S3's refusals and failures mean for a job: in vain for good, each with a sentence, or worth a try."""

from __future__ import annotations

import ssl
from dataclasses import dataclass

from botocore.exceptions import (
    BotoCoreError,
    ChecksumError,
    ClientError,
    ConnectionError,
    CredentialRetrievalError,
    FlexibleChecksumError,
    HTTPClientError,
    IncompleteReadError,
    MetadataRetrievalError,
    NoCredentialsError,
    PartialCredentialsError,
    SSLError,
)
from botocore.parsers import ResponseParserError
from urllib3.exceptions import HTTPError

from runtimes.batch.errors import JobError, TryAgainError

FAILURES = (BotoCoreError, ClientError, ResponseParserError, HTTPError, RecursionError)
"""What a call of boto3, or reading its answer, raises."""

_PASSING = (
    HTTPClientError, ConnectionError, IncompleteReadError, ChecksumError, FlexibleChecksumError,
    CredentialRetrievalError, MetadataRetrievalError, ResponseParserError, HTTPError,
)  # fmt: skip
_PASSING_STATUS = {408, 429, 500, 502, 503, 504, 509}
_PASSING_CODES = {
    "SlowDown", "RequestTimeout", "InternalError", "ServiceUnavailable", "Throttling", "ThrottlingException",
    "RequestLimitExceeded", "RequestThrottled", "TooManyRequests", "BandwidthLimitExceeded",
    "OperationAborted", "ConditionalRequestConflict", "BadDigest", "XAmzContentSHA256Mismatch",
    "XAmzContentChecksumMismatch", "IncompleteBody", "KMS.ThrottlingException", "KMS.KMSInternalException",
    "KMS.DependencyTimeoutException",
}  # fmt: skip
_WHOSE = "give another AWS_PROFILE, or other credentials"
_PLAN_ANEW = "leave the input as it is while a job runs; plan again, with another output"
_REGION = ("{bucket} is in another region", "set AWS_REGION to the bucket's region")
_RIGHTS = (
    "grant the job s3:GetObject on the input's objects, s3:GetObject and s3:PutObject on the output's, and "
    "s3:ListBucket on both buckets"
)


@dataclass(frozen=True)
class About:
    """What a request is about. ``doing``: a verb with its object, for the sentences."""

    doing: str
    uri: str
    bucket: str
    key: str


def about(verb: str, uri: str) -> About:
    """Of a URI."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    if not bucket:
        raise JobError(f"{uri} names no bucket", "write s3://BUCKET/KEY")
    return About(f"{verb} {uri}", uri, bucket, key)


_SENTENCES = {
    "NoSuchBucket": ("there is no bucket {bucket}", "check its name, the account and --endpoint-url"),
    "NoSuchKey": ("{uri} is gone", _PLAN_ANEW),
    "PreconditionFailed": ("{uri} was changed since the job was planned", _PLAN_ANEW),
    "InvalidAccessKeyId": ("AWS does not know the access key for {uri}", _WHOSE),
    "SignatureDoesNotMatch": ("the secret key does not fit the access key for {uri}", _WHOSE),
    "InvalidToken": ("the session token for {uri} is not valid", _WHOSE),
    "ExpiredToken": ("the credentials for {uri} have expired", "renew them, and start again"),
    "TokenRefreshRequired": ("the credentials for {uri} have expired", "renew them, and start again"),
    "RequestTimeTooSkewed": ("this machine's clock is wrong, says the store of {uri}", "set the clock"),
    "PermanentRedirect": _REGION,
    "AuthorizationHeaderMalformed": _REGION,
    "IllegalLocationConstraintException": _REGION,
    "InvalidObjectState": ("{uri} is archived", "restore it first, or copy it into another storage class"),
    "InvalidBucketName": ("{bucket} is no name of a bucket", "write s3://BUCKET/KEY"),
    "KeyTooLongError": ("the key of {uri} is too long", "shorten the output's prefix"),
    "NotImplemented": (
        "the store of {uri} does not know what the job needs ({doing})",
        "use a store that knows conditional writes (If-None-Match)",
    ),
}  # fmt: skip


def code_of(error: ClientError) -> str:
    """S3's code; an answer without a body has its status alone."""
    code = str(error.response.get("Error", {}).get("Code", ""))
    status = _status(error)
    if code in ("", "404", "NotFound") and status == 404:
        return "NoSuchKey"
    if code in ("", "412") and status == 412:
        return "PreconditionFailed"
    if code in ("", "301") and status == 301:
        return "PermanentRedirect"
    return "ConditionalRequestConflict" if code in ("", "409") and status == 409 else code


def judge(error: Exception, what: About) -> JobError:
    """The error of the job: TryAgainError where another try may do."""
    if isinstance(error, ClientError):
        return _judge_answer(error, what)
    if isinstance(error, (NoCredentialsError, PartialCredentialsError)):
        return JobError(
            f"there are no credentials for {what.uri}: {_said(error)}",
            "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give the machine a role",
        )
    if isinstance(error, SSLError) and "CERTIFICATE_VERIFY_FAILED" in str(error):
        return JobError(
            f"the certificate of the store of {what.uri} is not trusted: {_said(error)}",
            "set AWS_CA_BUNDLE to its authority's certificate",
        )
    if isinstance(error, RecursionError):  # boto3 asks where the bucket is, is sent elsewhere, asks again
        return JobError(
            f"the store sends every request elsewhere: {what.doing}",
            "give --endpoint-url as the store itself has it (https:// instead of http://?)",
        )
    if isinstance(error, (*_PASSING, ssl.SSLError, OSError)):
        return TryAgainError(
            f"the store failed at {what.doing}: {_said(error)}",
            "check the network and --endpoint-url, and start the same command again",
        )
    return JobError(f"{what.doing} failed: {_said(error)}", "check the AWS configuration and --endpoint-url")


def _judge_answer(error: ClientError, what: About) -> JobError:
    code, status = code_of(error), _status(error)
    said = str(error.response.get("Error", {}).get("Message", "")) or code
    if code in _PASSING_CODES or (status in _PASSING_STATUS and code not in _SENTENCES):
        return TryAgainError(
            f"the store failed at {what.doing}: {status} {code}", "start the same command again"
        )
    if code.startswith("KMS.") or (code == "AccessDenied" and "kms:" in said.lower()):
        return JobError(
            f"{what.doing} is denied by the bucket's key: {said}",
            "grant the job kms:Decrypt (to read) and kms:GenerateDataKey (to write) on that key",
        )
    if code in _SENTENCES:
        sentence, hint = _SENTENCES[code]
        return JobError(sentence.format(**vars(what)), hint)
    if status == 403:
        return JobError(f"{what.doing} is denied: {said}", _RIGHTS)
    return JobError(f"{what.doing} was refused: {status} {code}: {said}", "check the bucket and the rights")


def _status(error: ClientError) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def _said(error: Exception) -> str:
    """What a library says, in one line that is not too long."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 300 else f"{text[:300]}…"

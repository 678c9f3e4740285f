"""Reads one HTTP event of API Gateway (v1, v2), a function URL or a load balancer, and shapes the answer."""

from __future__ import annotations

from runtimes.aws_lambda.paths import as_object, read_path
from runtimes.core.errors import RequestError


class HttpRequest:
    """What every kind of HTTP event says, in one form. Header names are in lower case."""

    __slots__ = ("event", "headers", "method", "path", "source")

    def __init__(self, event: dict[str, object], source: str) -> None:
        self.event = event
        self.source = source
        self.headers = read_headers(event)
        context = as_object(event.get("requestContext"))
        method = as_object(context.get("http")).get("method") or event.get("httpMethod") or "GET"
        self.method = str(method).upper()
        self.path = read_path(event, source)

    def read_body(self) -> bytes | str:
        """The body; as text only where its bytes are the same, which spares a large body two copies.

        A lone surrogate stays one, so that the JSON reader refuses it as bad UTF-8.
        """
        body = self.event.get("body")
        text = body if isinstance(body, str) else ""
        if not self.event.get("isBase64Encoded"):
            return text if text.isascii() else text.encode("utf-8", "surrogatepass")
        import binascii  # most events come without

        try:
            return binascii.a2b_base64(text)
        except ValueError:  # of a text that is not ASCII, too
            message = "the event says that its body is base64, but it is not; send the body again"
            raise RequestError(message, status=400, code="bad_base64") from None


def find_source(event: dict[str, object]) -> str | None:
    """Which service sent this HTTP event, or None when it is no HTTP event."""
    context = event.get("requestContext")
    if not isinstance(context, dict):
        return None
    if "elb" in context:
        return "alb"
    if isinstance(context.get("http"), dict):
        return "function_url" if ".lambda-url." in str(context.get("domainName")) else "apigw_v2"
    return "apigw_v1" if "httpMethod" in event else None


def read_headers(event: dict[str, object]) -> dict[str, str]:
    """Headers by lower-case name; several values of one name are joined as HTTP joins them."""
    headers = {name.lower(): f"{value}" for name, value in as_object(event.get("headers")).items()}
    if "multiValueHeaders" not in event:
        return headers
    for name, values in as_object(event.get("multiValueHeaders")).items():
        if isinstance(values, list) and values:
            headers[name.lower()] = ", ".join(map(str, values))
    return headers


def shape(
    request: HttpRequest, status: int, headers: dict[str, str], body: str, encoded: bool = False
) -> dict[str, object]:
    """The answer as the event's own service wants it; ``encoded``: the body is base64."""
    answer: dict[str, object] = {"statusCode": status, "body": body, "isBase64Encoded": encoded}
    if request.source != "alb":
        answer["headers"] = headers
        return answer
    from http import HTTPStatus

    answer["statusDescription"] = f"{status} {HTTPStatus(status).phrase}"
    if "multiValueHeaders" in request.event:
        # A target group that sends multi-value headers drops single ones in the answer.
        answer["multiValueHeaders"] = {name: [value] for name, value in headers.items()}
    else:
        answer["headers"] = headers
    return answer

"""What every answer says to the browser: run and show nothing that is not of this site."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

Answer = Callable[[HttpRequest], HttpResponse]


def policy() -> str:
    """The Content-Security-Policy: own files only, no inline script or style, no frames."""
    targets = " ".join(["'self'", *settings.HEADGATE_FORM_TARGETS])
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
        f" font-src 'self'; connect-src 'self'; form-action {targets}; manifest-src 'self';"
        " base-uri 'none'; frame-ancestors 'none'"
    )


def content_security(get_response: Answer) -> Answer:
    """Send the policy with every answer."""
    text = policy()

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers.setdefault("Content-Security-Policy", text)
        response.headers.setdefault(
            "Permissions-Policy", "camera=(), geolocation=(), microphone=()"
        )
        return response

    return middleware

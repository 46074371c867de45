"""What providers of pushes answer, and what is to be done then."""
import json

from h2_server import CLOSE, GOAWAY, HANG, RESET, Answer

RETRY_S = 2
PAGE = b"<!DOCTYPE html><title>Error 502 (Server Error)!!1</title>"
LONG = 32768 * b"x"
STATUS = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED",
          403: "PERMISSION_DENIED", 404: "NOT_FOUND",
          429: "RESOURCE_EXHAUSTED", 500: "INTERNAL", 503: "UNAVAILABLE"}


def document(status, value, *headers):
    return Answer(status, json.dumps(value).encode(),
                  (("content-type", "application/json"), *headers))


def retry_after(seconds):
    return [] if seconds is None else [("retry-after", str(seconds))]


def fcm(status, code=None, retry_s=None, message="An error."):
    """code: of its FcmError; None: it has none."""
    details = [] if code is None else [{
        "@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError",
        "errorCode": code}]
    return document(status, {"error": {
        "code": status, "message": message, "status": STATUS[status],
        "details": details}}, *retry_after(retry_s))


def apns(status, reason, retry_s=None, **members):
    return document(status, {"reason": reason} | members,
                    *retry_after(retry_s))


def webpush(status, retry_s=None):
    return Answer(status, headers=(*retry_after(retry_s),))


def page(status):
    """As of something in front of a provider."""
    return Answer(status, PAGE, (("content-type", "text/html"),))


# The device takes no pushes any more; this push never will be taken; it has to
# be repeated, soon or when somebody may have done something about it.
GONE, REFUSED, AGAIN, LATER = "gone", "refused", "again", "later"

FCM = {
    GONE: {"UNREGISTERED": fcm(404, "UNREGISTERED"),
           "invalid token": fcm(400, "INVALID_ARGUMENT", message="The "
                                "registration token is not a valid FCM "
                                "registration token")},
    REFUSED: {"INVALID_ARGUMENT": fcm(400, "INVALID_ARGUMENT"),
              "400": fcm(400),
              "SENDER_ID_MISMATCH": fcm(403, "SENDER_ID_MISMATCH")},
    AGAIN: {"QUOTA_EXCEEDED": fcm(429, "QUOTA_EXCEEDED", RETRY_S),
            "INTERNAL": fcm(500, "INTERNAL"),
            "UNAVAILABLE": fcm(503, "UNAVAILABLE", RETRY_S),
            "503": fcm(503)},
    LATER: {"429": fcm(429, "QUOTA_EXCEEDED"),
            "THIRD_PARTY_AUTH_ERROR": fcm(401, "THIRD_PARTY_AUTH_ERROR"),
            "403": fcm(403), "404": fcm(404),
            "page 403": page(403), "page 404": page(404)},
}
APNS = {
    GONE: {"BadDeviceToken": apns(400, "BadDeviceToken"),
           "DeviceTokenNotForTopic": apns(400, "DeviceTokenNotForTopic"),
           "Unregistered": apns(410, "Unregistered", timestamp=2**42),
           "ExpiredToken": apns(410, "ExpiredToken", timestamp=2**42)},
    REFUSED: {reason: apns(400, reason) for reason in [
        "BadCollapseId", "BadExpirationDate", "BadMessageId", "BadPriority",
        "PayloadEmpty", "InvalidPushType", "Unheard"]} | {
            "PayloadTooLarge": apns(413, "PayloadTooLarge")},
    AGAIN: {"Retry-After": apns(503, "ServiceUnavailable", RETRY_S),
            "InternalServerError": apns(500, "InternalServerError"),
            "ServiceUnavailable": apns(503, "ServiceUnavailable"),
            "Shutdown": apns(503, "Shutdown")},
    LATER: {"TooManyRequests": apns(429, "TooManyRequests"),
            "TooManyProviderTokenUpdates": apns(
                429, "TooManyProviderTokenUpdates"),
            "InvalidProviderToken": apns(403, "InvalidProviderToken"),
            "TopicDisallowed": apns(400, "TopicDisallowed"),
            "BadPath": apns(404, "BadPath"),
            "page 403": page(403), "page 404": page(404)},
}
WEBPUSH = {
    GONE: {"404": webpush(404), "410": webpush(410), "page": page(404),
           "long": Answer(410, LONG)},
    REFUSED: {"400": webpush(400), "403": webpush(403), "413": webpush(413)},
    AGAIN: {"429": webpush(429), "429 2": webpush(429, RETRY_S),
            "500": webpush(500), "503": webpush(503, RETRY_S)},
}
NO_ANSWER = {"hang": HANG, "reset": RESET, "goaway": GOAWAY, "close": CLOSE,
             "page": page(502), "long": Answer(500, LONG)}

"""What providers of pushes demand of a request, as tables."""
import json
import re

COLLAPSE_ID = "[0-9a-f]{32}"
KIND = "message|request|accepted|login|service"
FCM_BYTES = APNS_BYTES = 4096
FOUR_WEEKS_S = 28 * 86400
HOUR_S = 3600
SKEW_S = 60                     # of clocks


class Violation(Exception):
    """Of a rule; what it is about comes first."""


def demand(holds, what):
    if not holds:
        raise Violation(what)


def whole(value):
    return type(value) is int and value >= 0


def json_text(value):
    return isinstance(json.loads(value), dict)


def fits(table, value, where=""):
    """
    A table is an expression of texts, a type, a function, or the tables of an
    object's members; a name with ? may be missing.
    """
    if isinstance(table, dict):
        demand(isinstance(value, dict), f"{where} is no object: {value!r}")
        tables = {name.rstrip("?"): (name, t) for name, t in table.items()}
        demand(value.keys() <= tables.keys(),
               f"{where}: {value.keys() - tables.keys()} more")
        for name, (spelt, member) in tables.items():
            if name in value:
                fits(member, value[name], f"{where}/{name}")
            else:
                demand(spelt != name, f"{where}/{name} is missing")
    elif isinstance(table, str):
        demand(isinstance(value, str) and
               re.fullmatch(table, value, re.DOTALL), f"{where}: {value!r}")
    elif isinstance(table, type):
        demand(type(value) is table, f"{where}: {value!r}")
    else:
        demand(table(value), f"{where}: {value!r}")


def headers_fit(table, headers):
    """None more than those, but for what describes a connection's ends."""
    common = {":method": "POST", ":scheme": "https", ":path": ".+",
              ":authority": ".+", "accept?": r"\*/\*", "user-agent?": ".+",
              "content-length?": r"\d+"}
    fits(common | table, headers, "headers")


def document_of(body, limit):
    demand(len(body) <= limit, f"{len(body)} bytes")
    try:
        return json.loads(body)
    except ValueError as error:
        raise Violation(f"no JSON: {error}") from error


# Firebase: projects.messages of version 1.

TOKEN_HEADERS = {"content-type": "application/x-www-form-urlencoded"}
FCM_HEADERS = {
    "content-type": r"application/json(; ?charset=(utf|UTF)-8)?",
    "authorization": r"Bearer [\w.~+/-]+"}
FCM_TTL = r"\d{1,7}s"
FCM_VISIBLE = {
    "token": ".+",
    "notification": {"title": ".+", "body?": str},
    "data": {"kind": KIND, "number": r"[1-9]\d*", "data": json_text},
    "android": {
        "collapse_key": COLLAPSE_ID, "ttl": FCM_TTL, "priority": "HIGH",
        "notification": {"tag": COLLAPSE_ID, "notification_count?": whole}},
}
FCM_SILENT = {
    "token": ".+",
    "data": {"kind": "badge", "badge": r"\d+"},
    "android": {"collapse_key": COLLAPSE_ID, "ttl": FCM_TTL,
                "priority": "NORMAL"},
}


def check_fcm(headers, body):
    """The message, and its collapse id."""
    headers_fit(FCM_HEADERS, headers)
    document = document_of(body, FCM_BYTES)
    fits({"message": dict}, document)
    message = document["message"]
    visible = "notification" in message
    fits(FCM_VISIBLE if visible else FCM_SILENT, message, "message")
    android = message["android"]
    demand(int(android["ttl"][:-1]) <= FOUR_WEEKS_S, "ttl")
    if visible:
        demand(android["notification"]["tag"] == android["collapse_key"],
               "tag")
    return message, android["collapse_key"]


# Apple: "Sending notification requests to APNs".

APNS_HEADERS = {
    "apns-topic": ".+", "apns-push-type": "alert|background",
    "apns-priority": "5|10", "apns-collapse-id": COLLAPSE_ID,
    "apns-expiration": r"0|\d{10}", "authorization": "bearer .+",
    "content-type?": "application/json"}
APNS_VISIBLE = {
    "aps": {"alert": {"title": ".+", "body?": str}, "badge": whole,
            "sound": "default", "thread-id": COLLAPSE_ID},
    "kind": KIND, "number": whole, "data": dict,
}
APNS_SILENT = {"aps": {"badge": whole, "content-available": lambda v: v == 1}}


def check_apns(headers, body, topic, now):
    """The document, and its collapse id."""
    headers_fit(APNS_HEADERS, headers)
    document = document_of(body, APNS_BYTES)
    visible = "kind" in document
    fits(APNS_VISIBLE if visible else APNS_SILENT, document, "payload")
    collapse_id = headers["apns-collapse-id"]
    demand(headers["apns-topic"] == topic, f"topic {headers['apns-topic']}")
    left_s = int(headers["apns-expiration"]) - now
    demand(left_s == -now or -SKEW_S < left_s < FOUR_WEEKS_S + SKEW_S,
           f"expires in {left_s} s")
    # "background" is for what no user sees, and a badge is seen.
    demand(headers["apns-push-type"] == "alert", "not an alert")
    demand(headers["apns-priority"] == ("10" if visible else "5"), "priority")
    return document, collapse_id


# RFC 8030, 8188, 8291 and 8292.

WEBPUSH_HEADERS = {
    "ttl": r"\d+", "topic": r"[\w-]{1,32}", "urgency": "normal|high",
    "content-encoding": "aes128gcm",
    "content-type": "application/octet-stream",
    "authorization": r"vapid t=([\w-]+\.[\w-]+\.[\w-]+), ?k=([\w-]+)"}
WEBPUSH_PLAINTEXT = {
    "kind": KIND, "number": whole, "title": ".+", "body": str, "data": dict,
    "unread": whole, "tag": COLLAPSE_ID,
}


def check_webpush(headers, receiver, body):
    """The document, and its collapse id."""
    headers_fit(WEBPUSH_HEADERS, headers)
    try:
        text = receiver.decrypt(body)
    except Exception as error:  # of what the body says, of any kind
        raise Violation(f"can't be decrypted: {error!r}") from error
    document = document_of(text, len(text))
    fits(WEBPUSH_PLAINTEXT, document, "plaintext")
    topic = headers["topic"]
    demand(topic == document["tag"], f"topic {topic}, {document['tag']}")
    demand(int(headers["ttl"]) <= FOUR_WEEKS_S, "ttl")
    return document, topic

"""Two people, from a request to a block, as they and others see it."""
import os
import uuid

import pytest

import contract
from kith import Events, assert_problem

HOURLY = 30                     # requests, as documented
SHARE_S = 120                   # until there is one more


@pytest.fixture
def kafka():
    """The events of subscriptions from now on."""
    events = Events(os.environ["KAFKA_BROKERS"], "subscription.events")
    yield events
    events.close()


@pytest.fixture
def act(kith):
    """act(one, action, other)"""
    def act(one, action, other, **headers):
        headers = one.bearer | headers
        if action in ("remove", "unblock"):
            path = "remove" if action == "remove" else "block"
            return kith.delete(f"/subscriptions/{path}", headers=headers,
                               params={"user_id": other.id})
        return kith.post(f"/subscriptions/{action}", headers=headers,
                         json={"user_id": other.id})
    return act


@pytest.fixture
def view(kith):
    """view(one, whose): a list as ids and states."""
    def view(one, whose="me"):
        answer = kith.get(f"/subscriptions/{whose}", headers=one.bearer)
        assert answer.status_code == 200
        return [(item["user"]["id"], item["state"])
                for item in answer.json()["items"]]
    return view


def test_two_people_from_request_to_block(account, act, view):
    ann, bob = account(), account()
    for one, action, other, status, of_ann, of_bob in [
        (ann, "accept",  bob, 409, None,       None),
        (ann, "request", bob, 201, "outgoing", "incoming"),
        (ann, "request", bob, 200, "outgoing", "incoming"),
        (bob, "accept",  ann, 200, "accepted", "accepted"),
        (bob, "accept",  ann, 200, "accepted", "accepted"),
        (ann, "remove",  bob, 204, None,       None),
        (ann, "remove",  bob, 404, None,       None),
        (bob, "block",   ann, 201, None,       "blocked"),
        (bob, "block",   ann, 200, None,       "blocked"),
        (bob, "request", ann, 409, None,       "blocked"),
        (ann, "request", bob, 201, "outgoing", "blocked"),
        (bob, "unblock", ann, 204, "outgoing", None),
        (bob, "unblock", ann, 404, "outgoing", None),
        (bob, "request", ann, 201, "accepted", "accepted"),
        (bob, "block",   ann, 201, None,       "blocked"),
        (bob, "unblock", ann, 204, None,       None),
        (bob, "request", ann, 201, "incoming", "outgoing"),
        (ann, "decline", bob, 204, None,       None),
        (bob, "request", ann, 429, None,       None),
        (ann, "request", bob, 201, "outgoing", "incoming"),
    ]:
        assert act(one, action, other).status_code == status
        assert view(ann) == ([(bob.id, of_ann)] if of_ann else [])
        assert view(bob) == ([(ann.id, of_bob)] if of_bob else [])


def test_others_see_accepted_ones_only(account, act, view):
    ann, bob, stranger = account(), account(), account()
    act(ann, "request", bob)
    assert view(stranger, ann.id) == view(bob, ann.id) == []
    act(bob, "accept", ann)
    assert view(stranger, ann.id) == [(bob.id, "accepted")]
    act(bob, "block", stranger)
    assert view(stranger, bob.id) == [(ann.id, "accepted")]


def test_what_the_other_can_see_is_announced_in_order(account, act, kafka):
    ann, bob = account(), account()
    key = ":".join(sorted([ann.id, bob.id]))
    acts = [
        (ann, "request", bob, "SubscriptionRequestSent",     None),
        (bob, "decline", ann, "SubscriptionRequestDeclined", None),
        (bob, "request", ann, "SubscriptionRequestSent",     None),
        (bob, "remove",  ann, "SubscriptionRemoved",         "requested"),
        (bob, "request", ann, "SubscriptionRequestSent",     None),
        (ann, "accept",  bob, "SubscriptionRequestAccepted", None),
        (ann, "block",   bob, "SubscriptionRemoved",         "accepted"),
        (bob, "request", ann, None,                          None),
        (ann, "unblock", bob, None,                          None),
        (ann, "request", bob, "SubscriptionRequestAccepted", None),
    ]
    for one, action, other, _, _ in acts:
        assert act(one, action, other).ok
    announced = [(what, {"user_id": one.id, "other_id": other.id} |
                  ({"was": was} if was else {}))
                 for one, _, other, what, was in acts if what]

    events = kafka.of(key, len(announced))
    for event in events:
        contract.Kafka().check(event)
    assert [(e.headers["ce_type"], e.data) for e in events] == announced
    assert len({e.partition for e in events}) == 1
    numbers = [int(e.headers["ce_id"]) for e in events]
    assert numbers == sorted(set(numbers))


def test_a_repeated_request_is_answered_again_and_not_announced(account, act,
                                                                kafka):
    ann, bob = account(), account()
    answers = []
    for one, action, other in [(ann, "request", bob), (bob, "decline", ann),
                               (ann, "block", bob)]:
        key = {"Idempotency-Key": str(uuid.uuid4())}
        first, again = (act(one, action, other, **key) for _ in range(2))
        assert (again.status_code, again.content) == (first.status_code,
                                                      first.content)
        answers.append(first.status_code)
    assert answers == [201, 204, 201]

    act(ann, "unblock", bob)
    act(bob, "request", ann)    # the mark behind which nothing else can come
    events = kafka.of(":".join(sorted([ann.id, bob.id])), 3)
    assert [e.headers["ce_type"] for e in events] == [
        "SubscriptionRequestSent", "SubscriptionRequestDeclined",
        "SubscriptionRequestSent"]


def test_the_31st_request_within_an_hour_waits(account, act, kith, database):
    ann, bob = account(), account()
    with database.cursor() as cursor:
        cursor.execute("INSERT INTO auth.account (id, email)"
                       " SELECT gen_random_uuid(), gen_random_uuid()"
                       "	|| '@example.org'"
                       "  FROM generate_series(1, %s) RETURNING id",
                       [HOURLY + 1])
        ids = [id for id, in cursor.fetchall()]

    def request(one, id):
        return kith.post("/subscriptions/request", headers=one.bearer,
                         json={"user_id": id})

    for id in ids[:HOURLY]:
        assert request(ann, id).status_code == 201
    answer = request(ann, ids[HOURLY])
    assert_problem(answer, 429, "too_many_requests")
    assert 0 < int(answer.headers["Retry-After"]) <= SHARE_S
    assert request(bob, ids[HOURLY]).status_code == 201
    assert act(bob, "request", ann).status_code == 201
    assert act(ann, "request", bob).status_code == 201      # accepts

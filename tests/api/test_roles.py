"""The database's roles: what each may do, tried; all else is refused."""
import os
import pathlib
import socket
import struct

import psycopg2
import psycopg2.errors
import pytest

TABLES = {                      # and a column to change
    "auth.account": "password",
    "auth.session": "ended_at",
    "auth.live_session": "account_id",
    "auth.service": "revoked_at",
    "auth.live_service": "id",
    "auth.throttle": "failures",
    "auth.identity": "email",
    "auth.nonce": "created_at",
    "auth.mail": "due_at",
    "auth.mail_rate": "used_until",
    "auth.link": "used_at",
    "auth.live_link": "account_id",
    "event.outbox": "data",
    "event.outbox_0": "data",
    "event.cursor": "epoch",
    "event.idempotency": "status",
    "event.inbox": "at",
    "profile.profile": "revision",
    "profile.avatar": "image",
    "social.subscription": "state",
    "social.request_rate": "used_until",
    "chat.chat": "last_seq",
    "chat.member": "read_seq",
    "chat.message": "text",
    "chat.creation_rate": "used_until",
    "notify.box": "unread",
    "notify.notification": "read",
    "notify.shown": "document",
    "notify.device": "token",
    "notify.mute": "chat_id",
    "notify.push": "due_at",
    "stream.gateway": "alive_at",
    "stream.online": "gateway_id",
    "stream.seen": "at",
    "public.schema_migrations": "version",
}

# Nothing changes: each runs in a transaction that is rolled back.
VERBS = {
    "SELECT": "SELECT FROM {table} LIMIT 0",
    "INSERT": "INSERT INTO {table} DEFAULT VALUES",
    "UPDATE": "UPDATE {table} SET {column} = DEFAULT WHERE false",
    "DELETE": "DELETE FROM {table} WHERE false",
    "TRUNCATE": "TRUNCATE {table}",
}

FUNCTIONS = {
    "auth.claim_mail": "'1 s'",
    "auth.email_key": "'a'",
    "auth.has_password": "NULL",
    "auth.link_lifetime": "''",
    "auth.link_purpose": "''",
    "auth.mail_allowed": "NULL, NULL, NULL",
    "auth.rfc3339": "now()",
    "auth.send_mail": "NULL, NULL, NULL, NULL, NULL, NULL",
    "auth.settle_mail": "NULL, NULL, NULL, NULL",
    "auth.throttle_attempt": "''",
    "auth.throttle_delay": "1",
    "auth.tidy_nonces": "",
    "auth.tidy_mail": "",
    "chat.abandon": "",
    "chat.document": "NULL, NULL",
    "chat.is_open": "NULL, NULL",
    "chat.members": "NULL",
    "chat.pair_id": "gen_random_uuid(), gen_random_uuid()",
    "chat.remove_member": "NULL, NULL, NULL, NULL",
    "chat.shown": "NULL",
    "chat.tidy": "",
    "event.empty_slots": "",
    "event.tidy": "",
    "event.tidy_inbox": "",
    "notify.claim": "'{}', '{}', 0, 0",
    "notify.collapse_id": "gen_random_uuid(), ''",
    "notify.counted": "'', 0",
    "notify.device_document": "NULL, NULL",
    "notify.due": "",
    "notify.forget": "NULL, NULL, NULL, NULL, NULL",
    "notify.lanes": "",
    "notify.lessen": "NULL, NULL, NULL, NULL",
    "notify.make": "'{}', NULL, NULL, NULL",
    "notify.mark_chat_read": "NULL, NULL, NULL, NULL",
    "notify.mark_read": "NULL, NULL, NULL, NULL, NULL",
    "notify.payload": "NULL, NULL, NULL, NULL, NULL, NULL",
    "notify.phrase": "'', ''",
    "notify.preferences": "NULL",
    "notify.put": "'{}', NULL, '{}', NULL, NULL",
    "notify.put_silent": "'{}'",
    "notify.settle": "'{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}'",
    "notify.tidy": "",
    "profile.add_missing": "",
    "profile.avatar_path": "gen_random_uuid()",
    "profile.own": "NULL, '', true",
    "profile.public": "NULL",
    "social.pending": "NULL",
    "social.tidy": "",
    "social.try_again": "",
    "stream.beat": "NULL",
    "stream.bury": "",
    "stream.change": "NULL, NULL, NULL, NULL",
    "stream.is_online": "NULL",
}

EVERY_FUNCTION = {
    "auth.live_session": "SELECT",
    "auth.live_service": "SELECT",
    "event.idempotency": "SELECT INSERT UPDATE",
    "auth.rfc3339": "EXECUTE",
}

MAY = {
    "kith_register": EVERY_FUNCTION | {
        "auth.account": "SELECT INSERT",
        "auth.session": "INSERT",
        "event.outbox": "INSERT",
        "profile.profile": "SELECT INSERT",
        "auth.email_key": "EXECUTE",
        "auth.send_mail": "EXECUTE",
        "profile.avatar_path": "EXECUTE",
        "profile.own": "EXECUTE",
    },
    "kith_login": EVERY_FUNCTION | {
        "auth.account": "SELECT UPDATE",
        "auth.session": "SELECT INSERT UPDATE",
        "auth.throttle": "SELECT INSERT UPDATE DELETE",
        "event.outbox": "INSERT",
        "profile.profile": "SELECT",
        "auth.email_key": "EXECUTE",
        "auth.throttle_attempt": "EXECUTE",
        "auth.throttle_delay": "EXECUTE",
        "profile.avatar_path": "EXECUTE",
        "profile.own": "EXECUTE",
    },
    "kith_oauth": EVERY_FUNCTION | {
        "auth.account": "SELECT INSERT",        # and UPDATE of created_at
        "auth.identity": "SELECT INSERT DELETE",
        "auth.nonce": "SELECT INSERT DELETE",
        "auth.session": "SELECT INSERT UPDATE",
        "event.outbox": "INSERT",
        "profile.profile": "SELECT INSERT",
        "auth.email_key": "EXECUTE",
        "auth.has_password": "EXECUTE",
        "auth.send_mail": "EXECUTE",
        "profile.avatar_path": "EXECUTE",
        "profile.own": "EXECUTE",
    },
    "kith_account": EVERY_FUNCTION | {
        "auth.account": "SELECT UPDATE",
        "auth.session": "SELECT UPDATE",
        "auth.throttle": "SELECT INSERT UPDATE DELETE",
        "auth.identity": "SELECT DELETE",
        "auth.link": "SELECT UPDATE",
        "auth.live_link": "SELECT",
        "event.outbox": "INSERT",
        "profile.profile": "SELECT UPDATE",
        "auth.email_key": "EXECUTE",
        "auth.mail_allowed": "EXECUTE",
        "auth.send_mail": "EXECUTE",
        "auth.throttle_attempt": "EXECUTE",
        "auth.throttle_delay": "EXECUTE",
    },
    "kith_account_worker": {
        "event.inbox": "SELECT INSERT",
        "auth.claim_mail": "EXECUTE",
        "auth.settle_mail": "EXECUTE",
    },
    "kith_session": EVERY_FUNCTION | {
        "auth.account": "SELECT",
        "auth.session": "SELECT UPDATE",
        "profile.profile": "SELECT",
        "profile.avatar_path": "EXECUTE",
        "profile.own": "EXECUTE",
    },
    "kith_user": EVERY_FUNCTION | {
        "auth.account": "SELECT DELETE",
        "auth.identity": "SELECT",
        "auth.session": "SELECT",
        "auth.throttle": "SELECT INSERT UPDATE DELETE",
        "event.outbox": "INSERT",
        "profile.profile": "SELECT UPDATE",
        "profile.avatar": "SELECT DELETE",
        "social.subscription": "SELECT",
        "chat.chat": "SELECT",
        "chat.member": "SELECT",
        "chat.message": "SELECT",
        "notify.box": "SELECT",
        "notify.device": "SELECT",
        "notify.mute": "SELECT",
        "notify.shown": "SELECT",
        "chat.shown": "EXECUTE",
        "notify.counted": "EXECUTE",
        "notify.phrase": "EXECUTE",
        "notify.preferences": "EXECUTE",
        "auth.throttle_attempt": "EXECUTE",
        "auth.throttle_delay": "EXECUTE",
        "profile.avatar_path": "EXECUTE",
        "profile.own": "EXECUTE",
        "profile.public": "EXECUTE",
    },
    "kith_avatar": EVERY_FUNCTION | {
        "event.outbox": "INSERT",
        "profile.profile": "SELECT UPDATE",
        "profile.avatar": "SELECT INSERT UPDATE",
        "profile.avatar_path": "EXECUTE",
    },
    "kith_subscriptions": EVERY_FUNCTION | {
        "event.outbox": "INSERT",
        "profile.profile": "SELECT",
        "social.subscription": "SELECT INSERT UPDATE",
        "social.request_rate": "SELECT INSERT UPDATE",
        "profile.avatar_path": "EXECUTE",
        "profile.public": "EXECUTE",
        "social.pending": "EXECUTE",
        "social.try_again": "EXECUTE",
    },
    "kith_chat": EVERY_FUNCTION | {
        "event.outbox": "INSERT",
        "profile.profile": "SELECT",
        "social.subscription": "SELECT",
        "chat.chat": "SELECT INSERT UPDATE",
        "chat.member": "SELECT INSERT UPDATE DELETE",
        "chat.message": "SELECT INSERT UPDATE",
        "chat.creation_rate": "SELECT INSERT UPDATE",
        "chat.document": "EXECUTE",
        "chat.is_open": "EXECUTE",
        "chat.members": "EXECUTE",
        "chat.pair_id": "EXECUTE",
        "chat.remove_member": "EXECUTE",
        "chat.shown": "EXECUTE",
        "profile.avatar_path": "EXECUTE",
        "profile.public": "EXECUTE",
    },
    "kith_chat_worker": {
        "event.inbox": "SELECT INSERT",
        "event.outbox": "INSERT",
        "profile.profile": "SELECT",
        "chat.chat": "SELECT UPDATE",
        "chat.member": "SELECT DELETE",         # and UPDATE of role
        "chat.members": "EXECUTE",
        "chat.remove_member": "EXECUTE",
    },
    "kith_notify": EVERY_FUNCTION | {
        "chat.member": "SELECT",
        "notify.box": "SELECT INSERT",          # and UPDATE of some columns
        "notify.shown": "SELECT",
        "notify.device": "SELECT INSERT UPDATE DELETE",
        "notify.mute": "SELECT INSERT UPDATE DELETE",
        "notify.push": "SELECT",
        "notify.collapse_id": "EXECUTE",
        "notify.counted": "EXECUTE",
        "notify.device_document": "EXECUTE",
        "notify.forget": "EXECUTE",
        "notify.make": "EXECUTE",
        "notify.mark_read": "EXECUTE",
        "notify.phrase": "EXECUTE",
        "notify.preferences": "EXECUTE",
    },
    "kith_notify_worker": {
        "auth.account": "SELECT",
        "auth.session": "SELECT",
        "event.inbox": "SELECT INSERT",
        "chat.chat": "SELECT",
        "chat.member": "SELECT",
        "notify.notification": "SELECT",
        "notify.mute": "SELECT DELETE",
        "notify.claim": "EXECUTE",
        "notify.due": "EXECUTE",
        "notify.forget": "EXECUTE",
        "notify.make": "EXECUTE",
        "notify.mark_chat_read": "EXECUTE",
        "notify.settle": "EXECUTE",
    },
    "kith_stream": EVERY_FUNCTION | {
        "chat.chat": "SELECT",
        "chat.member": "SELECT",
        "profile.profile": "SELECT",
        "social.subscription": "SELECT",
        "stream.gateway": "SELECT",
        "stream.online": "SELECT",
        "stream.seen": "SELECT",
        "chat.is_open": "EXECUTE",
        "stream.is_online": "EXECUTE",
    },
    "kith_stream_worker": {
        "auth.live_session": "SELECT",
        "stream.beat": "EXECUTE",
        "stream.bury": "EXECUTE",
        "stream.change": "EXECUTE",
    },
    "kith_ops": EVERY_FUNCTION | {
        "auth.service": "SELECT",
    },
    "kith_relay": {
        "event.outbox": "SELECT",
        "event.cursor": "SELECT UPDATE",
        "event.empty_slots": "EXECUTE",
        "event.tidy": "EXECUTE",
        "event.tidy_inbox": "EXECUTE",
        "auth.tidy_nonces": "EXECUTE",
        "auth.tidy_mail": "EXECUTE",
        "social.tidy": "EXECUTE",
        "chat.tidy": "EXECUTE",
        "notify.tidy": "EXECUTE",
    },
}

# Of tables that a role may change, what it may not.
COLUMNS = {
    "kith_account": [
        "UPDATE auth.account SET id = DEFAULT",
        "UPDATE auth.account SET created_at = DEFAULT",
        "UPDATE auth.session SET account_id = DEFAULT",
        "UPDATE auth.session SET expires_at = DEFAULT",
        "SELECT address FROM auth.session",
        "UPDATE auth.link SET expires_at = DEFAULT",
        "UPDATE auth.link SET email = DEFAULT",
        "SELECT subject FROM auth.identity",
        "UPDATE profile.profile SET id = DEFAULT",
        "UPDATE profile.profile SET about = DEFAULT",
        "INSERT INTO event.outbox (slot) VALUES (0)",
    ],
    "kith_account_worker": [
        "INSERT INTO event.inbox (at) VALUES (now())",
    ],
    "kith_user": [
        "UPDATE auth.account SET email = DEFAULT",
        "UPDATE auth.account SET password = DEFAULT",
        "UPDATE notify.box SET user_id = DEFAULT",
        "UPDATE social.subscription SET state = DEFAULT",
        "UPDATE profile.profile SET id = DEFAULT",
        "UPDATE profile.profile SET created_at = DEFAULT",
        "SELECT counter FROM auth.session",
        "INSERT INTO event.outbox (slot) VALUES (0)",
    ],
    "kith_avatar": [
        "UPDATE profile.profile SET nickname = DEFAULT",
        "UPDATE profile.avatar SET user_id = DEFAULT",
        "INSERT INTO event.outbox (slot) VALUES (0)",
    ],
    "kith_subscriptions": [
        "UPDATE profile.profile SET id = DEFAULT",
        "UPDATE profile.profile SET nickname = DEFAULT",
        "INSERT INTO event.outbox (slot) VALUES (0)",
    ],
    "kith_chat": [
        "UPDATE chat.chat SET kind = 'group'",
        "UPDATE chat.chat SET title = DEFAULT",
        "UPDATE chat.member SET user_id = DEFAULT",
        "UPDATE chat.member SET joined_at = DEFAULT",
        "UPDATE chat.message SET seq = DEFAULT",
        "UPDATE chat.message SET sender_id = DEFAULT",
        "UPDATE chat.message SET sent_at = DEFAULT",
        "UPDATE profile.profile SET id = DEFAULT",
        "UPDATE profile.profile SET nickname = DEFAULT",
        "INSERT INTO event.outbox (slot) VALUES (0)",
    ],
    "kith_chat_worker": [
        "SELECT nickname FROM profile.profile",
        "UPDATE chat.chat SET title = DEFAULT",
        "UPDATE chat.member SET user_id = DEFAULT",
        "UPDATE chat.member SET read_seq = DEFAULT",
        "INSERT INTO event.inbox (at) VALUES (now())",
        "INSERT INTO event.outbox (slot) VALUES (0)",
    ],
    "kith_notify": [
        "INSERT INTO notify.box (last_number) VALUES (7)",
        "UPDATE notify.box SET unread = 0",
        "INSERT INTO notify.device (badge) VALUES (7)",
        "UPDATE notify.device SET user_id = DEFAULT",
        "SELECT read_seq FROM chat.member",
        "SELECT number FROM notify.push",
        "UPDATE notify.push SET due_at = now()",
    ],
    "kith_notify_worker": [
        "SELECT email FROM auth.account",
        "SELECT address FROM auth.session",
        "SELECT body FROM notify.notification",
        "INSERT INTO event.inbox (at) VALUES (now())",
    ],
    "kith_register": [
        "INSERT INTO auth.account (email_verified) VALUES (true)",
        "INSERT INTO auth.account (created_at) VALUES (now())",
        "INSERT INTO auth.session (created_at) VALUES (now())",
        "INSERT INTO auth.session (counter) VALUES (7)",
        "INSERT INTO event.outbox (slot) VALUES (0)",
        "INSERT INTO profile.profile (avatar) VALUES (NULL)",
        "INSERT INTO profile.profile (revision) VALUES (7)",
    ],
    "kith_ops": [
        "SELECT scope FROM auth.service",
        "SELECT revoked_at FROM auth.service",
    ],
    "kith_login": [
        "UPDATE auth.account SET id = DEFAULT",
        "UPDATE auth.account SET email = DEFAULT",
        "UPDATE auth.account SET email_verified = true",
        "UPDATE auth.session SET account_id = DEFAULT",
        "UPDATE auth.session SET counter = 0",
        "UPDATE auth.session SET expires_at = DEFAULT",
        "INSERT INTO auth.session (counter) VALUES (7)",
        "INSERT INTO auth.session (ended_at) VALUES (now())",
        "INSERT INTO event.outbox (id) OVERRIDING SYSTEM VALUE VALUES (1)",
        "INSERT INTO event.outbox (xid) VALUES ('1')",
    ],
    "kith_oauth": [
        "SELECT password FROM auth.account",
        "INSERT INTO auth.account (password) VALUES ('a')",
        "UPDATE auth.account SET email = DEFAULT",
        "UPDATE auth.account SET email_verified = true",
        "INSERT INTO auth.identity (created_at) VALUES (now())",
        "INSERT INTO auth.nonce (created_at) VALUES (now())",
        "UPDATE auth.session SET account_id = DEFAULT",
        "INSERT INTO auth.session (counter) VALUES (7)",
        "INSERT INTO event.outbox (slot) VALUES (0)",
        "INSERT INTO profile.profile (avatar) VALUES (NULL)",
    ],
    "kith_session": [
        "UPDATE auth.session SET id = DEFAULT",
        "UPDATE auth.session SET account_id = DEFAULT",
        "UPDATE auth.session SET address = DEFAULT",
        "UPDATE auth.session SET created_at = DEFAULT",
        "UPDATE auth.session SET expires_at = DEFAULT",
        "SELECT password FROM auth.account",
    ],
}

NOBODY = [
    "CREATE TEMPORARY TABLE mine ()",
    "CREATE TABLE public.mine ()",
    "CREATE TABLE auth.mine ()",
    "CREATE TABLE event.mine ()",
    "CREATE SCHEMA mine",
    "CREATE ROLE mine",
    "CREATE FUNCTION auth.mine() RETURNS integer RETURN 1",
    "ALTER TABLE auth.account DISABLE TRIGGER ALL",
    "ALTER TABLE event.outbox DISABLE ROW LEVEL SECURITY",
    "ALTER FUNCTION event.tidy() SECURITY INVOKER",
    "DROP TABLE auth.throttle",
    "DROP SCHEMA event CASCADE",
    "GRANT kith_login TO kith_session",
    "SET ROLE {other}",
    "SET SESSION AUTHORIZATION {other}",
    "ALTER ROLE {other} PASSWORD 'mine'",
    "ALTER ROLE CURRENT_USER CREATEROLE",
    "SELECT nextval('event.outbox_id_seq')",
    "SELECT rolpassword FROM pg_authid",
    "SELECT pg_read_file('/etc/passwd')",
    "SELECT pg_ls_dir('/')",
    "COPY (SELECT 1) TO '/tmp/mine'",
    "COPY (SELECT 1) TO PROGRAM 'true'",
    "SET session_replication_role = replica",
]


@pytest.fixture(params=MAY)
def role(request):
    return request.param


@pytest.fixture
def permitted(role):
    """permitted(statement): does the role get further than its privileges?"""
    passwords = pathlib.Path(os.environ["VAR"], "keys/pgpass")
    connection = psycopg2.connect(os.environ["DATABASE_URL"], user=role,
                                  password="", passfile=str(passwords))

    def try_it(statement):
        try:
            with connection.cursor() as cursor:
                cursor.execute(statement)
        except (psycopg2.errors.InsufficientPrivilege,
                psycopg2.errors.WrongObjectType,
                psycopg2.errors.ObjectNotInPrerequisiteState):
            return False
        except psycopg2.errors.IntegrityError:
            pass                # of DEFAULT VALUES
        finally:
            connection.rollback()
        return True

    yield try_it
    connection.close()


def test_all_that_there_is_is_named_here():
    with psycopg2.connect(os.environ["DATABASE_URL"]) as connection:
        cursor = connection.cursor()
        cursor.execute(
            "SELECT relnamespace::regnamespace || '.' || relname"
            "  FROM pg_class"
            " WHERE relkind IN ('r', 'v', 'p') AND relowner IN ("
            "	SELECT oid FROM pg_roles WHERE rolname = current_user)"
            "   AND relnamespace::regnamespace::text"
            "	!~ '^(pg_|information_schema)'"
            "   AND relname !~ '^outbox_[1-3]$'")
        assert {name for name, in cursor} == set(TABLES)
        cursor.execute(
            "SELECT DISTINCT pronamespace::regnamespace || '.' || proname"
            "  FROM pg_proc p"
            " WHERE pronamespace::regnamespace::text"
            "	!~ '^(pg_|information_schema)'"
            "   AND NOT EXISTS (SELECT FROM pg_depend"
            "	WHERE objid = p.oid AND deptype = 'e')")
        assert {name for name, in cursor} == set(FUNCTIONS)
        cursor.execute("SELECT rolname FROM pg_roles"
                       " WHERE rolname ~ '^kith_' AND rolcanlogin")
        assert {name for name, in cursor} == {*MAY, "kith_owner"}


def test_a_role_may_do_what_it_needs_and_no_more(role, permitted):
    may = {(name, verb)
           for name, column in TABLES.items() for verb, form in VERBS.items()
           if permitted(form.format(table=name, column=column))}
    may |= {(name, "EXECUTE") for name, arguments in FUNCTIONS.items()
            if permitted(f"SELECT {name}({arguments}) WHERE false")}
    assert may == {(name, verb) for name, verbs in MAY[role].items()
                   for verb in verbs.split()}


def test_a_role_may_change_the_columns_it_needs_only(role, permitted):
    assert [s for s in COLUMNS.get(role, []) if permitted(s)] == []


def test_no_role_rises_above_its_own(role, permitted):
    other = "kith_login" if role != "kith_login" else "kith_session"
    assert [s for s in NOBODY if permitted(s.format(other=other))] == []


def message(kind, content):
    return kind + struct.pack(">I", len(content) + 4) + content


def test_a_password_of_random_bits_is_hashed_once(database):
    """So that a function connects at once; the server tells the client."""
    parameters = database.get_dsn_parameters()
    begin = struct.pack(">I", 3 << 16) + "\0".join(
        ["user", "kith_session", "database", parameters["dbname"],
         "", ""]).encode()
    first = b"n,,n=,r=nonce"
    with socket.socket(socket.AF_UNIX) as server:
        server.settimeout(10)
        server.connect(f"{parameters['host']}/.s.PGSQL.{parameters['port']}")
        server.sendall(message(b"", begin))
        assert b"SCRAM-SHA-256" in server.recv(4096)
        server.sendall(message(b"p", b"SCRAM-SHA-256\0" + struct.pack(
            ">I", len(first)) + first))
        assert server.recv(4096).endswith(b",i=1")

"""
pushes.py COUNT - what notify-worker does in a second: notifications of
messages, and pushes to an HTTP/2 server on this machine.

So many MessageSent of the pairs of bench.sql, half of whom take pushes, wait in
Kafka when the worker is started; then so many pushes, each to another device.
nginx plays FCM, and its log tells how many connections it took.
"""
import contextlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import psycopg2

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
from kith import Client, wait_until
from stack import free_port

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from events import counted, rate, stack

WORKER = "notify-worker"
PROVIDER = """
daemon off;
pid nginx.pid;
error_log error.log;
worker_processes 1;
events { worker_connections 64; }
http {
	client_body_temp_path body;
	fastcgi_temp_path fastcgi;
	proxy_temp_path proxy;
	scgi_temp_path scgi;
	uwsgi_temp_path uwsgi;
	log_format connection $connection;
	access_log access.log connection buffer=64k flush=1s;
	keepalive_requests 1000000;
	server {
		listen 127.0.0.1:%(port)d ssl http2;
		ssl_certificate tls.crt;
		ssl_certificate_key tls.key;
		location = /token {
			return 200 '{"access_token":"t","expires_in":3600}';
		}
		location / { return 200 '{"name":"n"}'; }
	}
}
"""


def openssl(*words, directory):
    subprocess.run(["openssl", *words], cwd=directory, check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


@contextlib.contextmanager
def provider():
    """Its directory, and the settings that lead there."""
    with tempfile.TemporaryDirectory(prefix="kith-bench.",
                                     dir="/var/tmp") as path:
        directory = pathlib.Path(path)
        directory.chmod(0o755)
        port = free_port()
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1",
                "-keyout", "tls.key", "-out", "tls.crt", "-subj",
                "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
                directory=directory)
        key = (directory / "tls.key").read_text()
        url = f"https://localhost:{port}"
        (directory / "account.json").write_text(json.dumps({
            "type": "service_account", "project_id": "bench",
            "private_key_id": "1", "private_key": key,
            "client_email": "bench@kith.example", "token_uri": f"{url}/token"}))
        (directory / "nginx.conf").write_text(PROVIDER % {"port": port})
        with subprocess.Popen(["nginx", "-p", path, "-e", "error.log",
                               "-c", "nginx.conf"]) as nginx:
            try:
                yield directory, {
                    "FCM_ACCOUNT": f"{path}/account.json", "FCM_URL": url,
                    "PUSH_CA": f"{path}/tls.crt"}
            finally:
                nginx.terminate()


def wait_in_kafka(metrics, cursor, count):
    before = counted(metrics, "events_published_total", "relay")
    cursor.execute(
        "INSERT INTO event.outbox (topic, type, key, data)"
        " SELECT 'chat.events', 'MessageSent', chat_id,"
        "	jsonb_build_object('chat_id', chat_id, 'seq', 100 + n / 1000,"
        "		'sender_id', sender, 'client_id', gen_random_uuid(),"
        "		'text', 'What do you say to a walk?',"
        "		'sent_at', auth.rfc3339(now()), 'edited_at', NULL,"
        "		'deleted', false, 'to', members)"
        "  FROM generate_series(1000, %s) n"
        "  JOIN (SELECT chat_id, min(user_id::text) AS sender,"
        "		jsonb_agg(user_id) AS members,"
        "		row_number() OVER () - 1 AS number"
        "	  FROM chat.member GROUP BY chat_id) chats"
        "    ON number = n %% 1000", [count + 999])
    wait_until(lambda: counted(metrics, "events_published_total", "relay")
               >= before + count, 120)


def put_in_line(cursor, count):
    """A push for each of so many accounts that nobody else uses."""
    cursor.execute(
        "DELETE FROM notify.push;"
        "INSERT INTO notify.device (session_id, user_id, platform, token)"
        " SELECT id, account_id, 'fcm', id::text"
        "  FROM auth.session"
        " WHERE right(id::text, 12)::integer %% 5 = 0"
        "   AND account_id NOT IN (SELECT user_id FROM notify.device)"
        " ORDER BY session.id LIMIT %s;", [count])
    cursor.execute(
        "SELECT notify.make(array_agg(user_id), ROW(NULL, NULL, 'service',"
        "	gen_random_uuid(), 1, false, NULL, NULL, 'Kith rests tonight',"
        "	'From 2 to 3 in the morning nothing can be sent.', NULL, now(),"
        "	now() + interval '1 day')::notify.notification, '0', NULL)"
        "  FROM notify.device"
        " WHERE user_id NOT IN (SELECT user_id FROM chat.member)")


def main(count):
    with contextlib.ExitStack() as all_of:
        metrics = all_of.enter_context(Client(os.environ["KITH_INTERNAL_URL"]))
        directory, settings = all_of.enter_context(provider())
        connection = psycopg2.connect(os.environ["DATABASE_URL"])
        connection.autocommit = True
        cursor = connection.cursor()

        stack("down", WORKER)
        wait_in_kafka(metrics, cursor, count)
        speed = rate(metrics, "events_consumed_total", WORKER, count)
        print(f"{'notifications of messages':34} {speed:8.0f}/s  of {count}")

        stack("down", WORKER)
        put_in_line(cursor, count)
        os.environ.update(settings)
        speed = rate(metrics, "pushes_total", WORKER, count,
                     ',outcome="sent"')
        wait_until(lambda: len((directory / "access.log").read_text().split())
                   > count, 10)
        connections = set((directory / "access.log").read_text().split())
        print(f"{'pushes to a local server':34} {speed:8.0f}/s  of {count}"
              f" on {len(connections) - 1} connections and one for the token"
              " (aim >= 5,000/s on <= 4)")


if __name__ == "__main__":
    main(int(sys.argv[1]))

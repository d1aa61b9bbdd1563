"""gunicorn's, with which psycopg2 waits for its server as gevent does; psycopg 3 does by itself."""

from psycogreen.gevent import patch_psycopg

worker_class, worker_connections = "gevent", 8


def post_fork(server, worker):
    patch_psycopg()

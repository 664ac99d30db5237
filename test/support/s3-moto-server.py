"""moto's server, one request at a time: its S3 answers 500 when a key is written and read at once."""

import threading

import moto.server as server

one_at_a_time = threading.Lock()
run_simple = server.run_simple


def run(host, port, app, **options):
    def serial(environ, start_response):
        with one_at_a_time:
            return app(environ, start_response)

    run_simple(host, port, serial, **options)


server.run_simple = run
server.main()

def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"procfile at {environ['PATH_INFO']}".encode()]

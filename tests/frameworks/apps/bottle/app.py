from bottle import Bottle, request

app = Bottle()


@app.get("/")
def index():
    return f"bottle at {request.script_name}"

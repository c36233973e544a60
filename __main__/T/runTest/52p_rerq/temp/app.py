
import json, os, signal
from flask import Flask, jsonify
import attempts
attempts.TARGET.update(json.load(open("targets.json")))
app = Flask(__name__)
@app.route("/")
def index(): return "flask"
@app.route("/attempts")
def run():
    signal.signal(signal.SIGALRM, attempts.too_late)
    attempts.TARGET["own"] = {int(n) for n in os.listdir("/proc/self/fd")}
    return jsonify({name: attempts.outcome(work) for name, work in attempts.ATTEMPTS.items()})

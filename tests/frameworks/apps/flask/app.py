"""Counts in a session, takes a file and sends one back."""

import hashlib

from flask import Flask, Response, redirect, request, url_for

app = Flask(__name__)


@app.get("/")
def index():
    upload = url_for("upload")
    return f'<h1>flask</h1><a href="{url_for("moved")}">moved</a> <form action="{upload}"></form>'


@app.post("/upload")
def upload():
    digest, size = hashlib.sha256(), 0
    while chunk := request.stream.read(65536):
        digest.update(chunk)
        size += len(chunk)
    return {"size": size, "sha256": digest.hexdigest()}


@app.get("/download")
def download():
    size = int(request.args["mb"])
    return Response((b"x" * 1_000_000 for _ in range(size)), mimetype="application/octet-stream")


@app.get("/moved")
def moved():
    return redirect(url_for("index"))

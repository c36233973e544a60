"""A list of things to do, kept in SQLite in the app's own folder."""

import os
import sqlite3
from pathlib import Path

from flask import Flask, g, redirect, render_template, request, url_for

app = Flask(__name__)
DATABASE = Path(os.environ.get("TODO_FOLDER", "/data")) / "todo.db"


def database():
    if "database" not in g:
        g.database = sqlite3.connect(DATABASE)
        g.database.execute("create table if not exists todo (id integer primary key, text, owner)")
    return g.database


@app.teardown_appcontext
def close(_error):
    if "database" in g:
        g.pop("database").close()


@app.get("/")
def index():
    found = database().execute("select id, text, owner from todo order by id").fetchall()
    return render_template("index.html", items=found)


@app.post("/add")
def add():
    owner = request.headers.get("X-Clace-User", "somebody")
    values = (request.form["text"][:200], owner)
    database().execute("insert into todo (text, owner) values (?, ?)", values)
    database().commit()
    return redirect(url_for("index"))


@app.post("/done/<int:number>")
def done(number):
    database().execute("delete from todo where id = ?", (number,))
    database().commit()
    return redirect(url_for("index"))

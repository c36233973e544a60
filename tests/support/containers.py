"""A real container engine for tests, and images that need no registry."""

import atexit
import os
import pwd
import shutil
import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from clace.containers.namespaces import way_in
from clace.containers.settings import ContainerSettings

GO = "/usr/local/go/bin"
# An image of this program alone: it answers with what it sees, on a socket or a port.
PROGRAM = r"""
package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "say" {
		fmt.Println(strings.Join(os.Args[2:], " "), os.Getenv("WORD"))
		os.Exit(len(os.Args) - 2)
	}
	if len(os.Args) > 2 && os.Args[1] == "-c" {
		os.Setenv("COMMAND", os.Args[2])
	}
	if len(os.Args) > 1 && os.Args[1] == "complain" {
		fmt.Println(strings.Join(os.Args[2:], " "), os.Getenv("WORD"))
		fmt.Fprintln(os.Stderr, "sorry")
		os.Exit(len(os.Args) - 2)
	}
	http.HandleFunc("/env/", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, os.Getenv(strings.TrimPrefix(r.URL.Path, "/env/")))
	})
	http.HandleFunc("/file/", func(w http.ResponseWriter, r *http.Request) {
		text, err := os.ReadFile(strings.TrimPrefix(r.URL.Path, "/file"))
		if err != nil {
			http.Error(w, err.Error(), 404)
		}
		w.Write(text)
	})
	http.HandleFunc("/write/", func(w http.ResponseWriter, r *http.Request) {
		path := strings.TrimPrefix(r.URL.Path, "/write")
		if err := os.WriteFile(path, []byte("written"), 0o644); err != nil {
			http.Error(w, err.Error(), 403)
		}
	})
	http.HandleFunc("/end", func(w http.ResponseWriter, r *http.Request) { os.Exit(7) })
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "hello from %s", r.URL.Path)
	})
	fmt.Println("listening")
	address, kind := "127.0.0.1:"+os.Getenv("PORT"), "tcp"
	if os.Getenv("MODE") == "socket" {
		address, kind = os.Getenv("CL_SOCKET"), "unix"
	}
	listener, err := net.Listen(kind, address)
	if err != nil {
		fmt.Println(err)
		os.Exit(3)
	}
	http.Serve(listener, nil)
}
"""
ENGINE_ARGS = ("--storage-driver=vfs", "--cgroup-manager=cgroupfs", "--runtime=runc")
RUN_ARGS = ("--ulimit=nofile=1024:1024", "--ulimit=nproc=1024:1024")


@cache
def missing() -> str:
    """What keeps containers from running here; empty if nothing does."""
    if shutil.which("podman") is None or shutil.which("runc") is None:
        return "podman and runc are not installed"
    name = pwd.getpwuid(os.geteuid()).pw_name
    if os.geteuid() != 0 and name not in Path("/etc/subuid").read_text("utf-8"):
        return f"{name} has no numbers of users for containers in /etc/subuid"
    return "" if go() else "Go is not installed"


def go() -> str | None:
    """The compiler."""
    return shutil.which("go", path=f"{os.environ['PATH']}:{GO}")


@cache
def program() -> bytes:
    """A static binary of the program."""
    folder = Path(mkdtemp())
    try:
        (folder / "main.go").write_text(PROGRAM)
        (folder / "go.mod").write_text("module program\n\ngo 1.21\n")
        command = (go(), "build", "-trimpath", "-ldflags=-s -w", "-o", "program", ".")
        environment = {**os.environ, "CGO_ENABLED": "0"}
        subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)
        return (folder / "program").read_bytes()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def settings(home: Path, environment: Mapping[str, str] | None = None, **more) -> ContainerSettings:
    """Podman with storage of its own below ``home``. It keeps what runs by its variables: whoever
    is to see the containers of a daemon gives those of that.
    """
    storage = (f"--root={home}/storage", f"--runroot={home}/state")
    podman = shutil.which("podman") or ""
    runtime = home / "xdg"
    runtime.mkdir(mode=0o700, exist_ok=True)
    return ContainerSettings(
        home=home,
        engine=podman,
        way=way_in(podman, os.environ["PATH"], is_root=os.geteuid() == 0),
        engine_args=(*storage, *ENGINE_ARGS),
        run_args=RUN_ARGS,
        stop_seconds=1,
        environment=environment
        or {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "XDG_RUNTIME_DIR": str(runtime),
        },
        **more,
    )


def podman(settings, *arguments) -> str:
    """What a command of this engine prints."""
    command = (settings.engine, *settings.engine_args, *arguments)
    done = subprocess.run(
        command,
        env=dict(settings.environment),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    return done.stdout


def remove_all(settings) -> None:
    """End all containers of this engine, and remove what it keeps."""
    podman(settings, "rm", "--all", "--force", "--time=0")
    podman(settings, "rmi", "--all", "--force")
    podman(settings, "volume", "rm", "--all", "--force")


@cache
def shared_settings() -> ContainerSettings:
    """One engine for all tests of a process, which is emptied at its end."""
    home = Path(mkdtemp(prefix="clace-ct-", dir="/tmp"))
    chosen = settings(home)

    def remove() -> None:
        remove_all(chosen)
        shutil.rmtree(home, ignore_errors=True)

    atexit.register(remove)
    return chosen

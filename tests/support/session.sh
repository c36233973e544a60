# Functions for what pages of the documentation take for given; see tests/support/pages.py.

# Start a server in $CL_HOME, with these options of its own.
serve() {
  mkdir -p -m 700 "$CL_HOME"
  twistd -n --pidfile= clace "$@" > "$HOME/server.log" 2>&1 &
  server=$!
  until_said "Server ready" "$HOME/server.log"
}

# Wait until a file has a text.
until_said() {
  local tries
  for tries in $(seq 600); do
    grep -qF -- "$1" "$2" 2> /dev/null && return
    sleep 0.1
  done
  cat "$2"
  return 1
}

# Make the folder of an app that does nothing: NAME, and further files by name and content.
app() {
  mkdir -p "$1"
  printf 'def handler(req):\n    return {}\n\napp = ace.app("%s", routes = [ace.api("/")])\n' "${1##*/}" > "$1/app.star"
}

# The shell of a terminal without one.
export TERM=dumb PAGER=cat

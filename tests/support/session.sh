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

# Make a certificate for the names of the pages about proxies, and have curl find these here.
names() {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=apps.example.com \
    -addext subjectAltName=DNS:apps.example.com,DNS:tools.example.com \
    -keyout "$KEY" -out "$CERTIFICATE" 2> /dev/null
  cat >> "$HOME/.curlrc" <<END
cacert = "$CERTIFICATE"
connect-to = "apps.example.com:443:127.0.0.1:$HTTPS_PORT"
connect-to = "apps.example.com:80:127.0.0.1:$HTTP_PORT"
END
}

# nginx with the files of a page as its configuration.
nginx() {
  command nginx -e "$HOME/nginx.log" -c "$HOME/nginx.conf" "$@"
}

front_nginx() {
  names
  {
    test "$(id -u)" != 0 || echo "user root;"
    echo "daemon off; pid $HOME/nginx.pid; error_log $HOME/nginx.log; events {}"
    echo "http { access_log off; include $FOLDER/etc/nginx/conf.d/*.conf;"
    for kind in client_body proxy fastcgi uwsgi scgi; do echo "${kind}_temp_path $HOME/$kind;"; done
    echo "}"
  } > "$HOME/nginx.conf"
  nginx > "$HOME/nginx-said.log" 2>&1 &
  until_there
}

front_caddy() {
  names
  command caddy run --config "$FOLDER/etc/caddy/Caddyfile" --adapter caddyfile > "$HOME/caddy.log" 2>&1 &
  until_there
}

until_there() {
  local tries
  for tries in $(seq 100); do
    curl -s -o /dev/null https://apps.example.com/ && return
    sleep 0.1
  done
  cat "$HOME"/*.log
  return 1
}

# The promises of the pages about proxies: who the visitor is, forms, streams, sizes, wrong passwords.
check_front() {
  local site=https://apps.example.com/mirror began line
  mkdir -p mirror
  cat > mirror/app.star <<'STAR'
load("exec.in", "exec")

def address(req):
    return req.RemoteIP

def stream(req):
    return exec.run("sh", ["-c", "echo one; sleep 4; echo two"], stream = True)

app = ace.app(
    "Mirror",
    routes = [
        ace.api("/", handler = address, type = ace.TEXT),
        ace.api("/send", handler = address, type = ace.TEXT, method = ace.POST),
        ace.api("/stream", handler = stream, type = ace.TEXT),
    ],
    permissions = [ace.permission("exec.in", "run", ["sh"])],
)
STAR
  clace app create --approve --auth none ./mirror /mirror
  clace app create ./mirror /closed
  head -c 34500000 /dev/zero > large
  is 127.0.0.1 "$(curl -H 'X-Forwarded-For: 203.0.113.9' $site)"
  is 127.0.0.1 "$(curl -H 'Origin: https://apps.example.com' -d a=b $site/send)"
  is 403 "$(status -H 'Origin: https://evil.example' -d a=b $site/send)"
  is 413 "$(status -H 'Expect:' --data-binary @large $site/send)"
  began=$(date +%s)
  read -r line < <(curl -N $site/stream)
  is one "$line"
  test $(($(date +%s) - began)) -lt 4 || failed "the stream was held back"
  for _ in 1 2 3 4 5; do status -u admin:wrong --interface 127.0.0.2 https://apps.example.com/closed; done
  is 429 "$(status -u admin:wrong --interface 127.0.0.2 https://apps.example.com/closed)"
  is 401 "$(status -u admin:wrong https://apps.example.com/closed)"
  test -z "$failures"
}

status() {
  curl -o /dev/null -w '%{http_code}' "$@"
}

is() {
  test "$1" = "$2" || failed "expected $1, got $2"
}

failures=
failed() {
  failures=yes
  echo "$1"
}

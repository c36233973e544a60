"""The ``ace`` module, in Starlark: functions cannot cross to Python, so they are kept on its side.

Every struct made here carries a field ``ace__kind``; the response of a plugin call, and
``ace.output``, carry ``ace__response``: the number under which Python knows whether the app has
looked at the error. Names that begin with ``ace__`` are for the code that ``desugar`` writes.
"""

from __future__ import annotations

NAME = "ace"
EXPORTED = (
    "ace",
    "print",
    "ace__all",
    "ace__and",
    "ace__any",
    "ace__attr",
    "ace__bool",
    "ace__change",
    "ace__describe",
    "ace__dispatch",
    "ace__getattr",
    "ace__hasattr",
    "ace__iter",
    "ace__or",
    "ace__set",
    "ace__str",
    "ace__true",
)
REFUSAL = "ace__refusal: "

PRELUDE = """
def ace__refuse(text):
    fail("ace__refusal: " + text)

def ace__want(function, parameter, value, want):
    if type(value) != want:
        ace__refuse(
            "%s: for parameter %s: got %s, want %s" % (function, parameter, type(value), want))

def ace__text(function, **texts):
    for parameter, value in texts.items():
        ace__want(function, parameter, value, "string")

def ace__unused(function, where, **texts):
    for parameter, value in texts.items():
        if value:
            ace__refuse("%s: %s has no effect %s" % (function, parameter, where))

def ace__method(function, method):
    ace__text(function, method = method)
    if method.upper() not in ace__METHODS:
        ace__refuse("%s: unsupported method %s" % (function, method))
    return method.upper()

ace__METHODS = ["CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"]

def ace__api_type(value):
    ace__text("api", type = value)
    if value.upper() not in ("JSON", "TEXT"):
        ace__refuse("invalid API type specified : " + value)
    return value.upper()

def app(
        name, routes = [], style = None, permissions = [], libraries = [], settings = {},
        custom_layout = False, container = None, actions = [], static_only = False, index = "",
        single_file = False, redirect_bare_path = False, *, pages = None):
    ace__text("app", name = name, index = index)
    ace__want("app", "permissions", permissions, "list")
    ace__want("app", "libraries", libraries, "list")
    ace__want("app", "settings", settings, "dict")
    if pages != None and routes:
        ace__refuse("app: pages has no effect beside routes")
    ace__want("app", "actions", actions, "list")
    for parameter, value in {
        "custom_layout": custom_layout, "static_only": static_only, "single_file": single_file,
        "redirect_bare_path": redirect_bare_path,
    }.items():
        ace__want("app", parameter, value, "bool")
    if container != None:
        ace__refuse("app: containers are not available in this version")
    if actions:
        ace__refuse("app: actions are not available in this version")
    return struct(
        ace__kind = "app", name = name, routes = routes if pages == None else pages, style = style,
        permissions = permissions, libraries = libraries, settings = settings,
        custom_layout = custom_layout, static_only = static_only, index = index,
        single_file = single_file, redirect_bare_path = redirect_bare_path)

def html(path, full = "", partial = "", handler = None, fragments = [], method = "GET"):
    ace__text("html", path = path, full = full, partial = partial)
    return struct(
        ace__kind = "html", path = path, full = full, partial = partial, handler = handler,
        fragments = fragments, method = ace__method("html", method))

def page(path, html = "", block = "", handler = None, fragments = [], method = "GET", type = ""):
    ace__text("page", path = path, html = html, block = block, type = type)
    if type.upper() == "JSON":
        ace__unused("page", "with type JSON", html = html, block = block)
        return struct(
            ace__kind = "api", path = path, handler = handler, fragments = fragments,
            method = ace__method("page", method), type = "JSON")
    if type.upper() not in ("", "HTML"):
        ace__refuse("invalid type specified : " + type)
    return struct(
        ace__kind = "html", path = path, full = html, partial = block, handler = handler,
        fragments = fragments, method = ace__method("page", method))

def fragment(path, partial = "", handler = None, method = "GET", type = "", *, block = ""):
    ace__text("fragment", path = path, partial = partial, block = block, type = type)
    if type.upper() == "JSON":
        ace__unused("fragment", "with type JSON", partial = partial, block = block)
        return struct(
            ace__kind = "api", path = path, handler = handler,
            method = ace__method("fragment", method), type = "JSON")
    if partial:
        ace__unused("fragment", "beside partial", block = block)
    if type.upper() not in ("", "HTML"):
        ace__refuse("invalid type specified : " + type)
    return struct(
        ace__kind = "fragment", path = path, partial = partial or block, handler = handler,
        method = ace__method("fragment", method))

def api(path, handler = None, method = "GET", type = "JSON"):
    ace__text("api", path = path)
    return struct(
        ace__kind = "api", path = path, handler = handler, method = ace__method("api", method),
        type = ace__api_type(type))

def style(
        library, themes = [], disable_watcher = False, light = "emerald", dark = "night",
        custom_themes = {}):
    ace__text("style", library = library, light = light, dark = dark)
    ace__want("style", "themes", themes, "list")
    ace__want("style", "disable_watcher", disable_watcher, "bool")
    ace__want("style", "custom_themes", custom_themes, "dict")
    return struct(
        ace__kind = "style", library = library, themes = themes,
        disable_watcher = disable_watcher, light = light, dark = dark)

def redirect(url, code = 303, refresh = False):
    ace__text("redirect", url = url)
    ace__want("redirect", "code", code, "int")
    ace__want("redirect", "refresh", refresh, "bool")
    return struct(ace__kind = "redirect", url = url, code = code or 303, refresh = refresh)

def response(data, block = "", type = "", code = 200, retarget = "", reswap = "", redirect = ""):
    ace__text(
        "response", block = block, type = type, retarget = retarget, reswap = reswap,
        redirect = redirect)
    ace__want("response", "code", code, "int")
    if type.upper() not in ("", "HTML", "JSON", "TEXT"):
        ace__refuse("invalid type specified : " + type)
    return struct(
        ace__kind = "response", data = data, block = block, type = type.upper(), code = code,
        retarget = retarget, reswap = reswap, redirect = redirect)

def permission(
        plugin, method, arguments = [], type = "", secrets = [], permit = [], kwargs = {}):
    ace__text("permission", plugin = plugin, method = method, type = type)
    ace__want("permission", "arguments", arguments, "list")
    ace__want("permission", "secrets", secrets, "list")
    ace__want("permission", "permit", permit, "list")
    ace__want("permission", "kwargs", kwargs, "dict")
    for name in permit:
        ace__text("permission", permit = name)
    if type not in ("", "READ", "WRITE"):
        ace__refuse("invalid permission type specified : " + type)
    return struct(
        ace__kind = "permission", plugin = plugin, method = method,
        arguments = [ace__expected(argument) for argument in arguments],
        is_read = None if type == "" else type == "READ",
        secrets = [ace__secret(names) for names in secrets],
        permit = sorted({name: None for name in permit}), kwargs = ace__constraints(kwargs))

def ace__expected(value):
    return value if type(value) == "string" else str(value)

def ace__constraints(kwargs):
    found = []
    for name, expected in sorted(kwargs.items(), key = lambda item: item[0]):
        ace__text("permission", kwargs = name)
        if type(expected) != "dict" or not expected:
            found.append({"name": name, "value": ace__expected(expected)})
            continue
        for key, value in sorted(expected.items(), key = lambda item: item[0]):
            ace__text("permission", kwargs = key)
            found.append({"name": name, "key": key, "value": ace__expected(value)})
    return found

def ace__secret(names):
    ace__want("permission", "secrets", names, "list")
    for name in names:
        ace__text("permission", secrets = name)
    return names

def library(name, version, args = []):
    ace__text("library", name = name, version = version)
    ace__want("library", "args", args, "list")
    return struct(ace__kind = "library", name = name, version = version, args = args)

def output(value = None, error = ""):
    ace__text("output", error = error)
    return ace__response(json.decode(ace__host("output", error)), value)

def audit(operation, target, detail = ""):
    ace__text("audit", operation = operation, target = target, detail = detail)
    ace__host("audit", json.encode([operation, target, detail]))

def config(key, default):
    ace__text("config", key = key)
    return json.decode(ace__host("config", json.encode([key, default])))

def ace__missing(name):
    def missing(*args, **kwargs):
        ace__refuse("ace.%s is not available in this version" % name)
    return missing

ace__type = type
ace = struct(
    app = app, html = html, page = page, fragment = fragment, api = api, style = style,
    redirect = redirect, response = response, permission = permission, library = library,
    output = output, audit = audit, config = config, proxy = ace__missing("proxy"),
    action = ace__missing("action"), result = ace__missing("result"),
    GET = "GET", POST = "POST", PUT = "PUT", DELETE = "DELETE", JSON = "JSON", TEXT = "TEXT",
    READ = "READ", WRITE = "WRITE", AUTO = "AUTO", TABLE = "TABLE", DOWNLOAD = "DOWNLOAD",
    IMAGE = "IMAGE", CONTAINER_URL = "<CONTAINER_URL>")

def print(*args, sep = " "):
    ace__host("print", sep.join([ace__str(arg) for arg in args]))

# ---- responses of plugins

def ace__response(answer, value):
    return struct(
        ace__response = answer["number"], value = value, error = answer["error"],
        error_code = answer["error_code"], is_stream = answer["is_stream"],
        ace__cursor = answer.get("shape", "") == "cursor")

def ace__plugin(plugin, function):
    def call(*args, **kwargs):
        answer = json.decode(ace__host("call", json.encode([plugin, function, args, kwargs])))
        return ace__response(answer, ace__shaped(answer.get("shape", ""), answer["value"]))
    return call

def ace__shaped(shape, value):
    if shape == "" or value == None:
        return value
    if type(value) == "list":
        return [ace__SHAPES[shape](item) for item in value]
    return ace__SHAPES[shape](value)

def ace__document(body):
    kept = dict(body)
    text = kept.pop("body")
    kept["body"] = lambda: text
    kept["json"] = lambda: json.decode(ace__host("document", text))
    return struct(**kept)

ace__SHAPES = {"struct": lambda fields: struct(**fields), "document": ace__document}

def ace__inert(*args, **kwargs):
    return struct()

def ace__is_response(value):
    return type(value) == "struct" and hasattr(value, "ace__response")

def ace__read(response, name):
    if name == "value":
        if response.error:
            ace__refuse(response.error)
        if response.ace__cursor:
            return response
        if response.is_stream:
            ace__refuse("response is a stream, it has no value")
        return response.value
    if name == "error":
        ace__host("handled", str(response.ace__response))
        return response.error or None
    if name == "error_code":
        return response.error_code
    if name == "is_stream":
        return response.is_stream and not response.ace__cursor
    return ace__refuse("response has no attribute '%s'" % name)

def ace__attr(value, name):
    if ace__is_response(value):
        return ace__read(value, name)
    if ace__is_entry(value) and name in value:
        return value[name]
    if name == "value":
        return value.value
    if name == "error":
        return value.error
    if name == "error_code":
        return value.error_code
    if name == "is_stream":
        return value.is_stream
    return getattr(value, name)

def ace__getattr(value, name, *default):
    if ace__is_response(value):
        return ace__read(value, name)
    if ace__is_entry(value) and name in value:
        return value[name]
    return getattr(value, name, *default)

def ace__hasattr(value, name):
    return ace__is_entry(value) and name in value or hasattr(value, name)

def ace__iter(value):
    if not ace__is_response(value):
        return value
    if not value.is_stream:
        return ace__read(value, "value")
    items = []
    for _ in range(1000000000):
        page, more = json.decode(ace__host("page", str(value.ace__response)))
        items.extend(page)
        if not more:
            break
    return items

def ace__true(value):
    if ace__is_response(value):
        ace__host("handled", str(value.ace__response))
        return not value.error
    return bool(value)

ace__bool = ace__true

def ace__any(values):
    return any([ace__true(value) for value in ace__iter(values)])

def ace__all(values):
    return all([ace__true(value) for value in ace__iter(values)])

def ace__str(value):
    if ace__is_response(value):
        return "%d:%s:%s:%s" % (value.error_code, value.error, value.value, value.is_stream)
    return str(value)

def ace__and(value, rest):
    return rest() if ace__true(value) else value

def ace__or(value, rest):
    return value if ace__true(value) else rest()

# ---- entries of the store: dicts whose fields are read and set as attributes

ace__RESERVED = {
    "_id": 0, "_version": 0, "_created_by": "", "_updated_by": "", "_created_at": 0,
    "_updated_at": 0}

def ace__is_entry(value):
    return type(value) == "dict" and "_updated_at" in value

def ace__documents(types):
    return {name: ace__document_type(name, *declared) for name, declared in types.items()}

def ace__document_type(name, fields, defaults):
    def make(*args, **kwargs):
        if len(args) > len(fields):
            ace__refuse("doc.%s: got %d arguments, want at most %d" % (
                name, len(args), len(fields)))
        entry = dict(ace__RESERVED)
        entry.update(zip(fields, args))
        for field, value in kwargs.items():
            if field in entry:
                ace__refuse("doc.%s: got multiple values for %s" % (name, field))
            if field not in fields:
                ace__refuse("doc.%s: unexpected keyword argument %s" % (name, field))
            entry[field] = value
        for field in fields:
            if field not in entry:
                if field not in defaults:
                    ace__refuse("doc.%s: missing argument for %s" % (name, field))
                entry[field] = json.decode(json.encode(defaults[field]))
        return entry
    return make

def ace__set(value, name, new):
    if not ace__is_entry(value):
        ace__refuse("can't assign to .%s field of %s" % (name, type(value)))
    if name not in value:
        ace__refuse("entry has no field %s" % name)
    value[name] = new

def ace__change(value, name, change):
    ace__set(value, name, change(ace__attr(value, name)))

# ---- what an app is, for Python: functions by their number

def ace__number(functions, function, what):
    if function == None:
        return -1
    if type(function) != "function":
        ace__refuse(what + " is not a function")
    if function not in functions:
        functions.append(function)
    return functions.index(function)

def ace__route(functions, entry, page):
    kind = ("page" if hasattr(entry, "full") else "API")
    known = {"handler": None, "method": "GET", "type": "JSON", "partial": "", "full": ""}
    route = {name: getattr(entry, name, default) for name, default in known.items()}
    route["path"] = entry.path
    what = "handler for %s %s" % (kind, entry.path)
    route["handler"] = ace__number(functions, route["handler"], what)
    if page:
        route["kind"] = "fragment" if hasattr(entry, "partial") else "api"
        return route
    route["kind"] = "html" if hasattr(entry, "full") else "api"
    fragments = getattr(entry, "fragments", [])
    if type(fragments) != "list":
        ace__refuse("fragments attribute in page %s is not a list" % entry.path)
    route["fragments"] = []
    for index, fragment in enumerate(fragments):
        if type(fragment) != "struct":
            ace__refuse("page %s fragment %d is not a struct" % (entry.path, index + 1))
        route["fragments"].append(ace__route(functions, fragment, entry))
    return route

def ace__routes(functions, routes):
    if type(routes) != "list":
        ace__refuse("routes is not a list")
    found = []
    for index, entry in enumerate(routes):
        if type(entry) != "struct" or not hasattr(entry, "path"):
            ace__refuse("routes entry %d is not a struct" % (index + 1))
        found.append(ace__route(functions, entry, None))
    return found

def ace__library_file(library):
    if type(library) == "string":
        return "gen/lib/" + library.split("/")[-1]
    return "gen/esm/%s-%s.js" % (library.name, library.version)

def ace__describe(app, handler, error_handler):
    if type(app) != "struct" or getattr(app, "ace__kind", "") != "app":
        ace__refuse("app not of type ace.app in app.star")
    functions = []
    description = {
        "name": app.name,
        "routes": ace__routes(functions, app.routes),
        "handler": ace__number(functions, handler, "handler"),
        "error_handler": ace__number(functions, error_handler, "error_handler"),
        "style": app.style,
        "permissions": app.permissions,
        "libraries": [ace__library_file(library) for library in app.libraries],
        "settings": app.settings,
        "custom_layout": app.custom_layout,
        "static_only": app.static_only,
        "index": app.index,
        "single_file": app.single_file,
        "redirect_bare_path": app.redirect_bare_path,
    }
    description["functions"] = [str(function).split(".")[-1] for function in functions]
    return functions, json.encode(description)

def ace__dispatch(function, requests):
    args = [struct(**request) if index == 0 else request
            for index, request in enumerate(json.decode(requests))]
    return ace__answer(function(*args))

def ace__answer(value):
    if type(value) == "struct":
        if hasattr(value, "ace__response"):
            if value.is_stream:
                return "stream" + str(value.ace__response)
            return ace__answer(ace__read(value, "value"))
        kind = getattr(value, "ace__kind", "")
        if kind == "redirect":
            return "redirect" + json.encode(value)
        if kind != "response":
            ace__refuse("handler returned a struct that has no block attribute")
        known = {name: getattr(value, name) for name in (
            "data", "block", "type", "code", "retarget", "reswap", "redirect")}
        if ace__is_response(known["data"]):
            known["data"] = ace__read(known["data"], "value")
        return "response" + json.encode(known)
    return "value" + json.encode(value)
"""

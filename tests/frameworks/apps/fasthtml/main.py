from fasthtml.common import H1, fast_app

app, rt = fast_app(secret_key="only for a test")


@rt("/")
def get():
    return H1("fasthtml")

import marimo

app = marimo.App()


@app.cell
def _():
    import marimo as mo

    said = mo.ui.text(label="Said")
    mo.vstack([mo.md("# marimo"), said])
    return mo, said


@app.cell
def _(mo, said):
    mo.md(f"heard {said.value}")
    return

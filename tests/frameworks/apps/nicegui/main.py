import os

from nicegui import ui


@ui.page("/")
def index():
    ui.label("nicegui")
    ui.button("Press", on_click=lambda: ui.label("was pressed"))


ui.run(port=int(os.environ["PORT"]), host=os.environ["HOST"], reload=False, show=False)

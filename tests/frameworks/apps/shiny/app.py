from shiny import App, render, ui

page = ui.page_fluid(ui.h1("shiny"), ui.input_text("said", "Said"), ui.output_text("heard"))


def server(input, output, session):
    @render.text
    def heard():
        return f"heard {input.said()}"


app = App(page, server)

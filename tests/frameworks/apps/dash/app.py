from dash import Dash, Input, Output, dcc, html

app = Dash(__name__)
app.layout = html.Div([html.H1("dash"), dcc.Input(id="said", value=""), html.Div(id="heard")])


@app.callback(Output("heard", "children"), Input("said", "value"))
def hear(said):
    return f"heard {said}"

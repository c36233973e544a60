import panel as pn

button = pn.widgets.Button(name="Press")
pn.Column("# panel", button, pn.bind(lambda n: f"pressed {n}", button.param.clicks)).servable()

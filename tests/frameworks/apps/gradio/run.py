import gradio as gr


def greet(name):
    return f"heard {name}"


demo = gr.Interface(greet, gr.Textbox(label="Said"), gr.Textbox(label="Heard"), title="gradio")
demo.launch()

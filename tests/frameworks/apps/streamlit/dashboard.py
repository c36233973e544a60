import streamlit as st

st.title("streamlit")
if st.button("Press"):
    st.write("was pressed")
st.file_uploader("File")
st.download_button("Save", b"saved", "saved.txt")

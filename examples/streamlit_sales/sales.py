# /// script
# requires-python = ">=3.11"
# dependencies = ["streamlit>=1.40"]
# ///
"""Sales of a year by month and region, with a chart and a table."""

import random

import streamlit as st

MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
REGIONS = ("North", "South", "East", "West")

st.title("Sales")
region = st.selectbox("Region", REGIONS)
chance = random.Random(region)
sales = {month: chance.randrange(50, 200) for month in MONTHS}
st.bar_chart(sales)
st.metric("Total", sum(sales.values()))
lines = "".join(f"{month},{sold}\n" for month, sold in sales.items())
st.download_button("Save as CSV", f"month,sold\n{lines}", f"{region}.csv")
